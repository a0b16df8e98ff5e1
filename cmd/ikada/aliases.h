// docker's two-word names of commands that ikada has under one word: "image ls" is "images".
//
// A command with a name of two words of its own ("image prune") stands in commands.cc. A group,
// the first of two words, exists as soon as one of the two tables has a name in it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ikada {

struct Alias {
  std::string_view group;
  std::string_view verb;
  // The words that take the place of the two, e.g. "inspect --type image".
  std::string_view command;
  bool is_listed = true;  // In the help of the group; false for second spellings.
};

std::span<const Alias> all_aliases();

// "container ls", "image rm" and the like as the commands they stand for. What the first two words
// were, "container ls"; empty if they are no alias.
std::string replace_alias(std::vector<std::string>& words);

}  // namespace ikada
