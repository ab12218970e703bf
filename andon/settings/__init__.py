"""The sections of the settings, by subject; `andon.config` puts them together."""
