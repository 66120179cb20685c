"""`python -m skseg` and the command `skseg`."""

import os


def main() -> None:
    """Run the command line, or name the extra that it needs."""
    try:
        from .cli import app  # noqa: PLC0415, what it needs is an extra

        app(prog_name="skseg")
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("click", "rich"):
            raise
        raise SystemExit('The command skseg needs click and rich: python -m pip install "skseg[cli]"') from error
    except OSError as error:  # the output cannot be written, to a full disk for example
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # takes the rest of it, which Python writes when it ends
        raise SystemExit(f"Error: {error}") from error


if __name__ == "__main__":
    main()
