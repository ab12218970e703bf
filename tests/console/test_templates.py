"""The templates of the pages, read without rendering one."""

from __future__ import annotations

from jinja2 import nodes

from andon.console.pages import TEMPLATES


def read(template: str) -> nodes.Template:
    assert TEMPLATES.loader
    return TEMPLATES.parse(TEMPLATES.loader.get_source(TEMPLATES, template)[0])


def imported(template: nodes.Template) -> set[str]:
    named = (one for line in template.find_all(nodes.FromImport) for one in line.names)
    return {one if isinstance(one, str) else one[1] for one in named}


def called(template: nodes.Template) -> set[str]:
    return {call.node.name for call in template.find_all(nodes.Call) if isinstance(call.node, nodes.Name)}


def test_a_template_imports_the_pieces_it_uses_and_no_others() -> None:
    pieces = {macro.name for macro in read("pieces.html").find_all(nodes.Macro)}
    for name in TEMPLATES.list_templates():
        template = read(name)
        assert imported(template) <= called(template), name
        assert called(template) & pieces <= imported(template), name
