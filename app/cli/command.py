"""The command line: the app's server, and the same runs and exports without a browser.

Heavy imports stay inside the commands that need them, so that `--help` answers at once.
"""

from __future__ import annotations

import json

import click

from app.cli import export, serve, settings, study, train


@click.group(cls=settings.OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lookahead-lab", prog_name="lookahead-lab")
def main() -> None:
    """See how SGD, Lookahead and Multilayer Lookahead move."""


@main.command("list")
@click.argument("kind", type=click.Choice(["surfaces", "games", "tasks", "presets", "recipes"]), required=False)
@click.option("--json", "as_json", is_flag=True, help="Everything known about each, as JSON.")
def list_(kind: str | None, as_json: bool) -> None:
    """List all surfaces, games, tasks, presets and recipes, or one KIND of these.

    \b
    Examples:
      lookahead-lab list surfaces
      lookahead-lab list --json | jq '.games[].key'
    """
    from app.cli.catalogue import KINDS

    entries_by_kind = {name: entries() for name, entries in KINDS.items() if kind in (None, name)}
    if as_json:
        click.echo(json.dumps(entries_by_kind, indent=2, ensure_ascii=False))
        return
    for name, entries in entries_by_kind.items():
        width = max(len(entry["key"]) for entry in entries)
        click.secho(name, bold=True)
        click.echo("".join(f"  {entry['key']:<{width}}  {entry['teaches']}\n" for entry in entries))


for command in (serve.serve, serve.health, export.render, export.run, export.gallery, train.train, study.study):
    main.add_command(command)
