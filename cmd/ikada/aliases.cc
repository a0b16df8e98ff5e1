#include "cmd/ikada/aliases.h"

#include <array>

#include "runtime/base/text.h"

namespace ikada {

std::span<const Alias> all_aliases() {
  static constexpr std::array kAliases = {
      Alias{"builder", "build", "build"},
      Alias{"container", "attach", "attach"},
      Alias{"container", "commit", "commit"},
      Alias{"container", "cp", "cp"},
      Alias{"container", "create", "create"},
      Alias{"container", "diff", "diff"},
      Alias{"container", "exec", "exec"},
      Alias{"container", "export", "export"},
      Alias{"container", "inspect", "inspect --type container"},
      Alias{"container", "kill", "kill"},
      Alias{"container", "list", "ps", false},
      Alias{"container", "logs", "logs"},
      Alias{"container", "ls", "ps"},
      Alias{"container", "pause", "pause"},
      Alias{"container", "port", "port"},
      Alias{"container", "ps", "ps", false},
      Alias{"container", "remove", "rm", false},
      Alias{"container", "rename", "rename"},
      Alias{"container", "restart", "restart"},
      Alias{"container", "rm", "rm"},
      Alias{"container", "run", "run"},
      Alias{"container", "start", "start"},
      Alias{"container", "stats", "stats"},
      Alias{"container", "stop", "stop"},
      Alias{"container", "top", "top"},
      Alias{"container", "unpause", "unpause"},
      Alias{"container", "update", "update"},
      Alias{"container", "wait", "wait"},
      Alias{"image", "build", "build"},
      Alias{"image", "history", "history"},
      Alias{"image", "import", "import"},
      Alias{"image", "inspect", "inspect --type image"},
      Alias{"image", "list", "images", false},
      Alias{"image", "load", "load"},
      Alias{"image", "ls", "images"},
      Alias{"image", "pull", "pull"},
      Alias{"image", "push", "push"},
      Alias{"image", "remove", "rmi", false},
      Alias{"image", "rm", "rmi"},
      Alias{"image", "save", "save"},
      Alias{"image", "tag", "tag"},
      Alias{"network", "list", "network ls", false},
      Alias{"system", "info", "info"},
      Alias{"volume", "list", "volume ls", false},
      Alias{"volume", "remove", "volume rm", false},
  };
  return kAliases;
}

std::string replace_alias(std::vector<std::string>& words) {
  if (words.size() < 2) return "";
  for (const Alias& alias : all_aliases()) {
    if (words[0] != alias.group || words[1] != alias.verb) continue;
    std::string typed = words[0] + " " + words[1];
    words.erase(words.begin(), words.begin() + 2);
    const std::vector<std::string_view> command = split(alias.command, ' ');
    words.insert(words.begin(), command.begin(), command.end());
    return typed;
  }
  return "";
}

}  // namespace ikada
