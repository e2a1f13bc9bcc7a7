"""The command line: every command of the contract, its errors as one sentence, its exit code."""

from __future__ import annotations

import sys

CALLS = ("gate", "notify", "ctl")
"""Commands that are over before most of statefocus could have been imported: see `statefocus.calling`."""

FAULT = "statefocus has a fault: {name}: {error}. Run it again with --debug, and report what that prints.\n"


ABORTED = 130


def _stopped() -> None:
    """Ctrl-C before there was anything to wind up."""
    sys.stderr.write("Stopped before it was done.\n")
    sys.exit(1)


def main() -> None:
    """Run the command line; a traceback is shown only with --debug."""
    debug = "--debug" in sys.argv
    argv = [word for word in sys.argv[1:] if word != "--debug"]
    if argv and argv[0] in CALLS:
        from statefocus.calling.main import main as call

        sys.exit(call(argv))
    _run(argv, debug=debug)


def _run(argv: list[str], *, debug: bool) -> None:
    from statefocus.errors import StatefocusError

    try:
        from statefocus.cli.app import app

        app(args=argv, prog_name="statefocus")
    except KeyboardInterrupt:
        _stopped()
    except SystemExit as leaving:
        if leaving.code == ABORTED:
            _stopped()
        raise
    except StatefocusError as error:
        if debug:
            raise
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        if debug:
            raise
        sys.stderr.write(f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}\n")
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        sys.stderr.write(FAULT.format(name=type(error).__name__, error=error))
        sys.exit(1)
