"""``python -m offhook``, and the ``offhook`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line. Ctrl-C while it is being imported is no error either."""
    try:
        from offhook.cli.main import run
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


if __name__ == "__main__":
    main()
