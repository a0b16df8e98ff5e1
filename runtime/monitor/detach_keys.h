// The keys that leave a container running and its client: ctrl-p ctrl-q unless told otherwise.
//
// Source: docker-attach(1), --detach-keys.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

class DetachKeys {
 public:
  // A comma-separated list of keys: a letter or other character, or "ctrl-" and one of a-z @ [ \ ]
  // ^ _ . Empty: no keys detach. kInvalid otherwise.
  static Result<DetachKeys> parse(std::string_view text);

  // Takes what was typed and gives back what the container shall have. The beginning of the
  // sequence is held back until the next key shows what it was.
  struct Typed {
    std::string pass_on;
    bool detached = false;  // What came after the keys is dropped.
  };
  Typed feed(std::string_view bytes);

 private:
  explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}

  std::string keys_;
  size_t matched_ = 0;
};

}  // namespace ikada
