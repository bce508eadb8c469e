"""Conditions of Kconfig, `A && (B || !C=m)`, over a configuration."""

import re

TOKEN = re.compile(r'\s*(&&|\|\||!=|=|!|\(|\)|"[^"]*"|[\w./$()-]+?(?=[\s()!=&|]|$))')
LEVEL = {"n": 0, "m": 1, "y": 2}


class _Parser:
    """Recursive descent; values are 0, 1, 2 for n, m, y."""

    def __init__(self, text, config):
        self.tokens = TOKEN.findall(text)
        self.config = config

    def peek(self):
        return self.tokens[0] if self.tokens else None

    def either(self):
        value = self.both()
        while self.peek() == "||":
            self.tokens.pop(0)
            value = max(value, self.both())
        return value

    def both(self):
        value = self.term()
        while self.peek() == "&&":
            self.tokens.pop(0)
            value = min(value, self.term())
        return value

    def term(self):
        token = self.tokens.pop(0) if self.tokens else "n"
        if token == "!":
            return 2 - self.term()
        if token == "(":
            value = self.either()
            if self.peek() == ")":
                self.tokens.pop(0)
            return value
        if self.peek() in ("=", "!="):
            equal = self.tokens.pop(0) == "="
            other = self.tokens.pop(0) if self.tokens else "n"
            return 2 if (self.text(token) == self.text(other)) == equal else 0
        return LEVEL.get(self.text(token), 0)

    def text(self, token):
        if token in LEVEL or token.startswith('"'):
            return token
        return self.config.get(token, "n")


def holds(condition, config):
    """Whether `condition` is y or m with these options."""
    return _Parser(condition, config).either() > 0
