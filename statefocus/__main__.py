"""`python -m statefocus` is `statefocus`."""

from statefocus.cli import main

if __name__ == "__main__":
    main()
