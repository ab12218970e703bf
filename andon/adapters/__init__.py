"""What meets the world outside: one vendor a file, in folders by port."""
