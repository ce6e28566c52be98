"""Makes the page of the ready-made sheets from their files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sync.config.templates import Template, fits, templates
from sync.template_words import columns_of, period_of

IMAGES = Path(__file__).parents[1] / "docs" / "images" / "templates"

_TOP = """\
# Ready-made sheets

Made from `sheets_templates/` by `make generate`. A sheet of the config uses one with two lines:

```toml
[[sheet]]
name = "calls"
spreadsheet = "https://docs.google.com/spreadsheets/d/1AbC/edit"
every = "15m"
timezone = "America/New_York"
template = "call log"
connection = "justcall"
```

`callsheet templates` lists them, `callsheet templates "call log"` shows what one is made of, and
`callsheet init --template "call log"` writes a config to start from.
[How to change one](how-to/use-a-template.md).
The pictures show the tabs as the sandbox fills them. A column with a question mark is there where the vendor tells it.
"""


def make_templates_page() -> str:
    """Return the page."""
    return "\n".join([_TOP, *(line for template in templates().values() for line in _chapter(template))])


def _chapter(template: Template) -> Iterator[str]:
    several = ", or several connections at once" if template.takes_several else ""
    yield from (f"## {template.title}", "", template.description, "")
    yield from (f'`template = "{template.name}"` fits {", ".join(fits(template))}{several}.', "")
    for kind in ("tab", "summary"):
        for table in template.tables[kind]:
            yield f"- **{table['title']}**{period_of(table)}: {', '.join(columns_of(table))}."
    yield ""
    for picture in sorted(IMAGES.glob(f"{template.name.replace(' ', '-')}*")):
        yield f"![{template.title}](images/templates/{picture.name})\n"
