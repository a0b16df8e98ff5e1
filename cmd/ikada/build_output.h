// Where the result of a build goes besides the store: -o of `ikada build`.
//
// Source: docker-build(1), --output.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/result.h"

namespace ikada {

struct BuildOutput {
  enum class Type { kImage, kLocal, kTar };
  Type type = Type::kImage;
  std::string destination;  // A directory or a file; "-" is stdout.
};

// "type=local,dest=DIR", "DIR", "type=tar,dest=FILE", "-"; empty: the image alone. kInvalid.
Result<BuildOutput> parse_build_output(std::string_view text);

// Copies the tree's files into the directory, or writes them as a tar.
Result<void> write_tree_output(const BuildOutput& output, int root_fd);

}  // namespace ikada
