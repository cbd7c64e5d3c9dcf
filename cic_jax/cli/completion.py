"""The subcommand `cic-jax completion`, a script by which a shell completes the command line.

The scripts are made from the parser itself, so they have the flags that it has.
"""

import argparse
import re
from typing import NamedTuple

from cic_jax.cli import arguments, console

INSTALL = """\
to use it:
  bash   echo 'source <(cic-jax completion bash)' >> ~/.bashrc
  zsh    cic-jax completion zsh > "${fpath[1]}/_cic-jax"
  fish   cic-jax completion fish > ~/.config/fish/completions/cic-jax.fish
"""


class Flag(NamedTuple):
    """A flag, or the argument without one if it has no names, and what may follow it."""

    names: list[str]
    help: str
    takes_value: bool
    words: list[str]  # that may follow
    is_path: bool  # True if a path may follow


def add(subcommands: argparse._SubParsersAction) -> None:
    """Add the parser of `cic-jax completion SHELL`."""
    parser = subcommands.add_parser(
        "completion",
        help="print a script by which bash, zsh or fish completes the command line",
        description="Print a script by which a shell completes the command line.",
        epilog=INSTALL,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=list(SCRIPTS))
    parser.set_defaults(run=lambda options: completion(options.shell, subcommands))


def completion(shell: str, subcommands: argparse._SubParsersAction) -> int:
    """Print the script of a shell."""
    commands = {name: _flags(parser) for name, parser in subcommands.choices.items()}
    helps = {action.dest: action.help or "" for action in subcommands._choices_actions}
    print(SCRIPTS[shell](commands, helps), end="")
    return console.DONE


def _flags(parser: argparse.ArgumentParser) -> list[Flag]:
    """Describe the flags and arguments of a command."""
    formatter = parser._get_formatter()
    flags = []
    for action in parser._actions:
        words = [str(choice) for choice in action.choices or ()]
        metavar = action.metavar if isinstance(action.metavar, str) else ""
        if metavar.startswith("{"):
            words = metavar.strip("{}").split(",")
        told = formatter._expand_help(action) if action.help else ""
        is_path = action.type in (arguments.path, arguments.name)
        flags.append(Flag(list(action.option_strings), told, action.nargs != 0, words, is_path))
    return flags


def _bash(commands: dict[str, list[Flag]], helps: dict[str, str]) -> str:
    """Return the script of bash, in which `=` stands between words."""
    cases = []
    for command, flags in commands.items():
        names = " ".join(name for flag in flags for name in flag.names)
        cases.append(f'        "{command} ") words="{names}" ;;')
        for flag in flags:
            if flag.names and flag.takes_value:
                pattern = "|".join(f'"{command} {name}"' for name in flag.names)
                cases.append(f"        {pattern}) {_bash_value(flag)} ;;")
            elif not flag.names:
                cases.append(f'        "{command} argument") {_bash_value(flag)} ;;')
    return f"""\
_cic_jax() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
    local command="${{COMP_WORDS[1]}}" words="" paths=""
    if [[ $COMP_CWORD == 1 ]]; then
        COMPREPLY=($(compgen -W "{" ".join(commands)} --help --version" -- "$current"))
        return
    fi
    if [[ $current == "=" ]]; then
        current=""
    elif [[ $before == "=" ]]; then
        before="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    [[ $before == -* ]] || before="argument"
    [[ $current == -* ]] && before=""
    _cic_jax_values
    if [[ -z $words$paths ]]; then  # a flag that takes no value stands before an argument
        before="argument"
        _cic_jax_values
    fi
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [[ -n $paths ]]; then
        local IFS=$'\\n'
        COMPREPLY+=($(compgen -f -- "$current"))
        compopt -o filenames 2> /dev/null
    fi
}}
_cic_jax_values() {{
    case "$command $before" in
{chr(10).join(cases)}
    esac
}}
complete -F _cic_jax cic-jax
"""


def _bash_value(flag: Flag) -> str:
    # A space is no word, but says that the flag takes a value.
    words = " ".join(flag.words) or ("" if flag.is_path else " ")
    return f'words="{words}" paths="{"1" if flag.is_path else ""}"'


def _zsh(commands: dict[str, list[Flag]], helps: dict[str, str]) -> str:
    """Return the script of zsh, by its function `_arguments`."""
    cases = []
    for command, flags in commands.items():
        lines = " \\\n".join(f"            {spec}" for flag in flags for spec in _zsh_specs(flag))
        cases.append(f"        {command})\n        _arguments -s \\\n{lines}\n        ;;")
    listed = "\n".join(f"        {_quote(f'{name}:{helps[name]}')}" for name in commands)
    return f"""\
#compdef cic-jax
_cic_jax() {{
    local -a commands
    commands=(
{listed}
    )
    if (( CURRENT == 2 )); then
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    (( CURRENT-- ))
    case $command in
{chr(10).join(cases)}
    esac
}}
if [[ $funcstack[1] == _cic-jax ]]; then
    _cic_jax "$@"
else
    compdef _cic_jax cic-jax
fi
"""


def _zsh_specs(flag: Flag) -> list[str]:
    value = ""
    if flag.takes_value:
        action = "_files" if flag.is_path else f"({' '.join(flag.words)})" if flag.words else " "
        value = f":value:{action}"
    if not flag.names:
        return [_quote(f"*{value}")]
    told = re.sub(r"[][:]", r"\\\g<0>", flag.help)
    return [
        _quote(f"*{name}{_zsh_sign(name) if value else ''}[{told}]{value}") for name in flag.names
    ]


def _zsh_sign(name: str) -> str:
    return "=" if name.startswith("--") else ""


def _fish(commands: dict[str, list[Flag]], helps: dict[str, str]) -> str:
    """Return the script of fish."""
    lines = ["complete -c cic-jax -f"]
    for command, flags in commands.items():
        told = _quote(helps[command])
        lines.append(f"complete -c cic-jax -n __fish_use_subcommand -a {command} -d {told}")
        seen = f"complete -c cic-jax -n '__fish_seen_subcommand_from {command}'"
        lines += [f"{seen} {_fish_part(flag)}" for flag in flags if flag.names or flag.takes_value]
    return "\n".join([*lines, ""])


def _fish_part(flag: Flag) -> str:
    parts = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in flag.names]
    if flag.names and flag.takes_value:
        parts.append("-r")
    if flag.is_path:
        parts.append("-F")
    if flag.words:
        parts.append(f"-a {_quote(' '.join(flag.words))}")
    if flag.names:
        parts.append(f"-d {_quote(flag.help)}")
    return " ".join(parts)


def _quote(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
