// Users and their passwords: a file as `htpasswd -B` writes it, "NAME:$2y$…" on each line.
//
// Only bcrypt is taken: another kind of hash is an error at start, not a user who cannot log in.
//
// Source: htpasswd(1), crypt(3), crypt(5).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada::registry {

class PasswordFile {
 public:
  // kInvalid, naming the line, for anything else than bcrypt.
  static Result<PasswordFile> parse(std::string_view text);

  bool has_user(std::string_view user) const { return hashes_.find(user) != hashes_.end(); }

  // The hash of a user. For one who does not exist, a hash that nothing matches and that takes as
  // long to check as another user's: an answer's time tells no names.
  std::string hash_of(std::string_view user) const;

  size_t size() const { return hashes_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> hashes_;
};

// Takes as long as the hash's cost says, up to seconds: not on a loop's thread. Thread-safe.
bool check_password(const std::string& password, const std::string& hash);

}  // namespace ikada::registry
