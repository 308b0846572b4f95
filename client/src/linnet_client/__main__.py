"""`python -m linnet_client` is `linnet-listen`."""

from linnet_client.command_line import main

if __name__ == "__main__":
    main()
