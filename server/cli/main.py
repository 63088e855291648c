"""The ``keepsake`` command: a table of what there is, loaded when it is called.

The hard part is what this file does not import: ``keepsake --help`` must answer at once, so the
commands' modules, and all they need, wait until one of them is really run.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

#: name -> (module below ``server.cli``, attribute, one line for the list).
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Show everything working, on a make-believe company."),
    "up": ("running", "up", "Run web and worker together."),
    "serve": ("running", "serve", "Run the web server: webhooks, pages, API."),
    "work": ("running", "work", "Run a worker: reads, remembers, writes back, delivers."),
    "connect": ("connecting", "connect", "Add a connection to a source system."),
    "check": ("installing", "check", "Test a connection: identity, permissions, limits."),
    "plan": ("installing", "plan", "Show what would be created over there. Changes nothing."),
    "apply": ("installing", "apply", "Create fields and webhook over there, as planned."),
    "remove": ("installing", "remove", "Take away over there what Keepsake created."),
    "sync": ("syncing", "sync", "Pull what changed (the first time: everything)."),
    "retry": ("retrying", "retry", "Let what was put aside be tried again."),
    "read": ("reading", "read", "Read feelings from a text."),
    "map": ("mapping", "map_", "Show one customer's memory map."),
    "rules": ("ruling", "rules", "List, test and explain rules."),
    "user": ("people", "user", "Add people who may log in."),
    "token": ("people", "token", "Make and revoke API tokens."),
    "doctor": ("doctor", "doctor", "Look for what is wrong with this installation."),
    "sandbox": ("sandbox", "sandbox", "Serve a make-believe source system."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[name]
        command = getattr(import_module(f"server.cli.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="keepsake-crm", prog_name="keepsake")
def cli() -> None:
    """A memory for the helpdesk you already have.

    Exit codes: 0 done; 1 something is wrong, as said; 2 wrong usage; 3 a person must authorise
    a connection again; 4 a setting or permission must be changed; 5 the other side did not
    answer, try again later.
    """


def main() -> None:
    """Entry point. What goes wrong on purpose ends in one sentence, not in a traceback."""
    from .failing import exit_code_of

    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except Exception as error:
        code = exit_code_of(error)
        if code is None:
            raise
        click.echo(f"keepsake: {error}", err=True)
        sys.exit(code)
