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

_ikada_nodes() {
  "$1" node ls --format "{{.Name}}" 2>/dev/null | cut -d" " -f1
}

_ikada_volumes() {
  "$1" volume ls -q 2>/dev/null
}

_ikada_tasks() {
  "$1" task ls -q "${@:2}" 2>/dev/null
}

_ikada_secrets() {
  "$1" secret ls -q 2>/dev/null
}

_ikada_services() {
  "$1" service ls -q 2>/dev/null
}

_ikada_task_definitions() {
  "$1" task-def ls -q "${@:2}" 2>/dev/null
}

# What a command's positional words may be.
_ikada_arguments() {
  case $2 in
    attach | commit | diff | exec | export | kill | logs | pause | port | rename | restart | rm | \
      start | stats | stop | top | unpause | update | wait)
      _ikada_containers "$1" ;;
    create | history | pull | push | rmi | run | save | tag) _ikada_images "$1" ;;
    inspect) _ikada_containers "$1" && _ikada_images "$1" ;;
  esac
}

_ikada() {
  local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} words
  local index=1 verb= group=()
  COMPREPLY=()
  # The first word that is neither a global option nor its value.
  while ((index < COMP_CWORD)); do
    case ${COMP_WORDS[index]} in
      --root | --run-root | --config) ((index += 2)) ;;
      -*) ((index += 1)) ;;
      *) verb=${COMP_WORDS[index]} && break ;;
    esac
  done
  # A verb of a group stands for a command of its own, with the same arguments.
  case $verb in
    balancer | builder | cluster | container | image | manifest | network | node | registry | \
      secret | service | system | task | task-def | volume)
      group=("$verb") verb=
      ((index + 1 < COMP_CWORD)) && verb=${COMP_WORDS[index + 1]}
      ;;
  esac
  if [[ -z $verb ]]; then
    if [[ $current == -* ]]; then
      words=$(_ikada_options "$program" "${group[@]}")
    else
      words=$(_ikada_commands "$program" "${group[@]}")
      [[ ${#group[@]} == 0 ]] && words+=" help"
    fi
  elif [[ $verb == help ]]; then
    words=$(_ikada_commands "$program" "${COMP_WORDS[@]:index + 1:COMP_CWORD - index - 1}")
  elif [[ $current == -* ]]; then
    words=$(_ikada_options "$program" "${group[@]}" "$verb")
  else
    case "${group[*]} $verb" in
      "image inspect" | "image rm") words=$(_ikada_images "$program") ;;
      "manifest create" | "manifest add") words=$(_ikada_images "$program") ;;
      "volume inspect" | "volume rm") words=$(_ikada_volumes "$program") ;;
      "node inspect" | "node label" | "node drain" | "node activate" | "node rm" | \
        "node promote" | "node demote")
        words=$(_ikada_nodes "$program") ;;
      "network inspect") words="bridge host none" ;;
      "cluster token") words="worker manager" ;;
      "task show" | "task logs" | "task explain") words=$(_ikada_tasks "$program" -a) ;;
      "task stop" | "task exec") words=$(_ikada_tasks "$program") ;;
      "task run" | "task-def show" | "task-def deregister")
        words=$(_ikada_task_definitions "$program") ;;
      "task-def rm") words=$(_ikada_task_definitions "$program" -a) ;;
      "service show" | "service events" | "service update" | "service rollback" | "service rm" | \
        "service scale" | "service logs")
        words=$(_ikada_services "$program") ;;
      "secret rm") words=$(_ikada_secrets "$program") ;;
      "secret ls" | "secret create" | "balancer metrics") words= ;;
      "service deploy")
        words="$(_ikada_services "$program") $(_ikada_task_definitions "$program")" ;;
      "service create") words=$(_ikada_task_definitions "$program") ;;
      " apply" | "service ls" | "task ls" | "task-def ls" | "task-def register") words= ;;
      "container inspect") words=$(_ikada_containers "$program") ;;
      *) words=$(_ikada_arguments "$program" "$verb") ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  # A colon ends a word for bash; what is before it stays on the line.
  if declare -F __ltrim_colon_completions >/dev/null; then
    __ltrim_colon_completions "$current"
  fi
}

complete -o bashdefault -o default -F _ikada ikada
