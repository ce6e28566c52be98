"""The status page: what a daemon does and how sheets stand, for people, monitors and Prometheus."""
