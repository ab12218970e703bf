"""The command `andon`: one file per family of commands, each imported when it is called."""
