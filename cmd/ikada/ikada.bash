# Completion of ikada's command line for bash.
#
# Commands and options come from --help, so that they are always those of the installed program;
# names of containers and images from ikada itself.
#
# Source: bash(1), "Programmable Completion".

# The words in the first column below "Subcommands:" of a command's help.
_ikada_commands() {
  "$@" --help 2>/dev/null |
    sed -n '/[Cc]ommands:[[:space:]]*$/,$ s/^  \([a-z][a-z-]*\).*/\1/p'
}

_ikada_options() {
  "$@" --help 2>/dev/null | grep -oE '^ +(-[[:alnum:]],)?-{1,2}[[:alnum:]-]+' |
    tr -d ' ' | tr ',' '\n'
}

_ikada_containers() {
  "$1" ps -a --format '{{.Names}}' 2>/dev/null
}

_ikada_images() {
  "$1" images --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | grep -v '<none>'
}

_ikada() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} words
  local index=1 verb=
  COMPREPLY=()
  # The first word that is neither a global option nor its value.
  while ((index < COMP_CWORD)); do
    case ${COMP_WORDS[index]} in
      --root | --run-root | --config) ((index += 2)) ;;
      -*) ((index += 1)) ;;
      *) verb=${COMP_WORDS[index]} && break ;;
    esac
  done
  if [[ -z $verb ]]; then
    if [[ $current == -* ]]; then
      words=$(_ikada_options "$program")
    else
      words=$(_ikada_commands "$program")
    fi
  elif [[ $current == -* ]]; then
    words=$(_ikada_options "$program" "$verb")
  else
    case $verb in
      attach | exec | kill | logs | pause | restart | rm | start | stats | stop | unpause | wait)
        words=$(_ikada_containers "$program") ;;
      create | rmi | run | tag | pull) words=$(_ikada_images "$program") ;;
      inspect) words="$(_ikada_containers "$program") $(_ikada_images "$program")" ;;
      image) words=$(_ikada_commands "$program" image) ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  # A colon ends a word for bash; what is before it stays on the line.
  if declare -F __ltrim_colon_completions >/dev/null; then
    __ltrim_colon_completions "$current"
  fi
}

complete -o bashdefault -o default -F _ikada ikada
