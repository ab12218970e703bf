"""The refund desk as a process: `python -m examples.refund_desk.server`."""

from __future__ import annotations

import argparse
from pathlib import Path

from examples.refund_desk import switches, telemetry
from examples.refund_desk.app import Parts, build
from examples.refund_desk.chat import ModelClient
from examples.refund_desk.levers import DeskLevers
from examples.refund_desk.publications import IndexUnusableError, Shelf
from examples.refund_desk.refunds import RefundBook
from examples.refund_desk.releases import ReleaseError, ReleaseFile
from examples.refund_desk.serving import add_serving_arguments, serve
from examples.refund_desk.settings import LeverBook
from examples.refund_desk.switches import Switches
from examples.refund_desk.telemetry import Tracing


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="examples.refund_desk.server", description=__doc__)
    add_serving_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, help="folder of its records, levers and indexes")
    parser.add_argument(
        "--release", type=Path, required=True, help="release file, read again when it changes"
    )
    parser.add_argument("--index", type=Path, help="folder `index` of another desk: what it published")
    parser.add_argument("--model-url", required=True, help="OpenAI-compatible server")
    parser.add_argument("--ofrep", help="flag service (OFREP)")
    parser.add_argument("--otlp", help="trace receiver (OTLP/HTTP)")
    parser.add_argument("--token-file", type=Path, help="bearer token for both, and for deployments")
    parser.add_argument("--lever-token-file", type=Path, help="bearer token for the desk's own levers")
    parser.add_argument("--staging", action="store_true", help="everything allowed, nothing asked outside")
    return parser


def _token(path: Path | None) -> str | None:
    return path.read_text("utf-8").strip() if path is not None else None


def _parts(arguments: argparse.Namespace) -> Parts:
    token = _token(arguments.token_file)
    if arguments.staging:
        provider, exporter = switches.everything_allowed(), None
    else:
        provider = switches.over_ofrep(arguments.ofrep, str(token))
        exporter = telemetry.over_otlp(arguments.otlp, str(token))
    return Parts(
        release_file=ReleaseFile(arguments.release),
        levers=DeskLevers(LeverBook(arguments.data), Shelf(arguments.data / "index", arguments.index)),
        model=ModelClient(arguments.model_url),
        switches=Switches(provider),
        book=RefundBook(arguments.data),
        tracing=Tracing(exporter),
        deploy_token=token,
        lever_token=_token(arguments.lever_token_file),
    )


def main() -> None:
    """Serve the desk until a signal."""
    parser = _parser()
    arguments = parser.parse_args()
    if arguments.staging and (arguments.ofrep or arguments.otlp):
        parser.error("a staging desk asks no flag service and sends no traces: leave out --ofrep and --otlp")
    if not arguments.staging and not (arguments.ofrep and arguments.otlp and arguments.token_file):
        parser.error("a desk in production needs --ofrep, --otlp and --token-file")
    try:
        parts = _parts(arguments)
        parts.release_file.current()
    except (OSError, ReleaseError, IndexUnusableError) as error:
        parser.error(str(error))
    serve(build(parts), arguments)


if __name__ == "__main__":
    main()
