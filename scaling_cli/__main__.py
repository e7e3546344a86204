"""`python -m scaling_cli` is `scale`."""

from scaling_cli.cli.main import main

main()
