"""`python -m analisi.cli`: the command line of this very environment, whatever the search path of commands."""

from analisi.cli import main

if __name__ == "__main__":  # processes started by an edition import this module again
    main()
