"""`vidcap completion bash|zsh|fish`: what a shell needs to complete commands, options and names of configs."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator

from vidcap_core.cli.arguments import Subparsers

ABOUT = """\
Print what a shell needs to complete commands, options and names of configs. Once:

  bash:  vidcap completion bash > ~/.local/share/bash-completion/completions/vidcap
         ln -s vidcap ~/.local/share/bash-completion/completions/vidcap-run
  zsh:   vidcap completion zsh > ~/.zfunc/_vidcap        (with fpath+=~/.zfunc before compinit)
  fish:  vidcap completion fish > ~/.config/fish/completions/vidcap.fish

The names are those that are installed now: the same again after another plugin.
"""
CONFIGS = ("run", "config", "sweep")
"""Commands that take the name of a config."""
PLAIN = re.compile(r"[\w./=-]+")
"""What a name may be made of, so that no shell takes it for anything else."""


def add_parser(subparsers: Subparsers) -> None:
    """Arguments of `vidcap completion`."""
    parser = subparsers.add_parser(
        "completion",
        help="completion for a shell",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=tuple(SHELLS))
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Print it."""
    print(SHELLS[args.shell](commands()), end="")
    return 0


def commands() -> dict[str, list[str]]:
    """Command -> the words that may follow it."""
    from vidcap_core.cli.main import build_parser
    from vidcap_core.zoo import catalogue

    configs = [row["name"] for row in catalogue.rows("configs")]
    words: dict[str, list[str]] = {}
    for name in build_parser(None)[1]:
        parser = build_parser(name)[0]
        found = list(_words(_command(parser, name)))
        words[name] = [word for word in dict.fromkeys(found) if PLAIN.fullmatch(word)]
        words[name] += configs if name in CONFIGS else []
    return words


def _command(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    [inner] = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    made: argparse.ArgumentParser = inner.choices[name]
    return made


def _words(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Options, listed values, and those of inner commands."""
    for action in parser._actions:
        yield from action.option_strings
        yield from map(str, action.choices or ())
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _words(inner)


def bash(words: dict[str, list[str]]) -> str:
    """A function for `complete`; where nothing of it fits, bash completes files."""
    cases = "\n".join(f"      {name}) words='{' '.join(of)}' ;;" for name, of in words.items())
    return f"""\
# bash completion of vidcap and vidcap-run
_vidcap() {{
  local words command=${{COMP_WORDS[1]}}
  [ "${{COMP_WORDS[0]##*/}}" = vidcap-run ] && command=run
  if [ "$COMP_CWORD" -eq 1 ] && [ "${{COMP_WORDS[0]##*/}}" != vidcap-run ]; then
    words='{" ".join(words)}'
  else
    case $command in
{cases}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}"))
}}
complete -o default -F _vidcap vidcap vidcap-run
"""


def zsh(words: dict[str, list[str]]) -> str:
    """A function for `compdef`, which completes files too."""
    cases = "\n".join(f"    {name}) choices=({' '.join(of)}) ;;" for name, of in words.items())
    return f"""\
#compdef vidcap vidcap-run
_vidcap() {{
  local -a choices
  local command=$words[2]
  [[ $words[1] == *vidcap-run ]] && command=run
  if (( CURRENT == 2 )) && [[ $words[1] != *vidcap-run ]]; then
    compadd -- {" ".join(words)}
    return
  fi
  case $command in
{cases}
  esac
  compadd -- $choices
  _files
}}
if [[ $funcstack[1] == _vidcap ]]; then _vidcap "$@"; else compdef _vidcap vidcap vidcap-run; fi
"""


def fish(words: dict[str, list[str]]) -> str:
    """A line a command."""
    lines = ["# fish completion of vidcap and vidcap-run"]
    lines += [f"complete -c vidcap -f -n __fish_use_subcommand -a '{' '.join(words)}'"]
    for name, of in words.items():
        lines.append(f"complete -c vidcap -n '__fish_seen_subcommand_from {name}' -a '{' '.join(of)}'")
    lines.append(f"complete -c vidcap-run -a '{' '.join(words['run'])}'")
    return "\n".join(lines) + "\n"


SHELLS: dict[str, Callable[[dict[str, list[str]]], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
