"""The CallScaler source: its options are checked already, its streams are not carried out yet."""
