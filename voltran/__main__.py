"""``python -m voltran``: the command line."""

from voltran.cli.app import app

if __name__ == "__main__":
    app(prog_name="voltran")
