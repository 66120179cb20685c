"""`python -m skseg` and the command `skseg`."""


def main() -> None:
    """Run the command line, or name the extra that it needs."""
    try:
        from .cli import app  # noqa: PLC0415, what it needs is an extra
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("click", "rich"):
            raise
        raise SystemExit('The command skseg needs click and rich: python -m pip install "skseg[cli]"') from error
    app(prog_name="skseg")


if __name__ == "__main__":
    main()
