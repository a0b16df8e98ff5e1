#include "runtime/mount/options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace ikada {
namespace {

struct AttributeWord {
  std::string_view word;
  std::uint64_t set;
  std::uint64_t clear;
};

// The time attributes are one field of the mount, so setting one clears the field first.
constexpr std::array<AttributeWord, 19> kAttributes = {{
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"norelatime", 0, MOUNT_ATTR__ATIME},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"defaults", 0, 0},
}};

struct PropagationWord {
  std::string_view word;
  std::uint64_t type;
};

constexpr std::array<PropagationWord, 4> kPropagations = {{{"private", MS_PRIVATE},
                                                           {"slave", MS_SLAVE},
                                                           {"shared", MS_SHARED},
                                                           {"unbindable", MS_UNBINDABLE}}};

constexpr std::array<std::string_view, 3> kImpossible = {"idmap", "ridmap", "copy-symlink"};

const AttributeWord* find_attribute(std::string_view word) {
  const auto* found = std::find_if(kAttributes.begin(),
                                   kAttributes.end(),
                                   [&](const AttributeWord& each) { return each.word == word; });
  return found == kAttributes.end() ? nullptr : found;
}

bool read_propagation(std::string_view word, MountOptions& options) {
  const bool recursive = word.starts_with('r');
  if (recursive) word.remove_prefix(1);
  for (const PropagationWord& each : kPropagations) {
    if (each.word != word) continue;
    options.propagation = each.type;
    options.propagation_recursive = recursive;
    return true;
  }
  return false;
}

// Later words win over earlier ones.
void apply(const AttributeWord& word, std::uint64_t& set, std::uint64_t& clear) {
  set = (set & ~word.clear) | word.set;
  clear |= word.clear;
  // Of several time attributes the last one stays; of a plain pair the word in force decides.
  clear &= ~word.set | std::uint64_t{MOUNT_ATTR__ATIME};
}

bool read_attribute(std::string_view word, MountOptions& options) {
  const AttributeWord* found = find_attribute(word);
  if (found != nullptr) {
    apply(*found, options.attr_set, options.attr_clear);
    return true;
  }
  if (!word.starts_with('r')) return false;
  found = find_attribute(word.substr(1));
  if (found == nullptr) return false;
  apply(*found, options.subtree_set, options.subtree_clear);
  return true;
}

}  // namespace

Result<MountOptions> parse_mount_options(std::span<const std::string> words) {
  MountOptions options;
  for (const std::string& word : words) {
    if (word == "bind" || word == "rbind") {
      options.bind = true;
      options.recursive = word == "rbind";
      continue;
    }
    if (read_attribute(word, options) || read_propagation(word, options)) continue;
    if (word == "tmpcopyup" || word == "notmpcopyup") {
      options.copy_up = word == "tmpcopyup";
      continue;
    }
    if (word == "async" || word == "nolazytime" || word.empty()) continue;
    if (std::find(kImpossible.begin(), kImpossible.end(), word) != kImpossible.end()) {
      return make_error(ErrorKind::kInvalid, "mount option {} is not supported", word);
    }
    options.data.push_back(word);
  }
  return options;
}

}  // namespace ikada
