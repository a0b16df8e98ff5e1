// Where the result of a build goes besides the store: -o of `ikada build`.
//
// Source: docker-build(1), --output.
#pragma once

#include <string>
#include <string_view>

#include "image/archive_save.h"
#include "runtime/base/result.h"

namespace ikada {

struct BuildOutput {
  enum class Type { kImage, kLocal, kTar, kOci, kDocker };
  Type type = Type::kImage;
  std::string destination;  // A directory or a file; "-" is stdout.

  bool is_of_tree() const { return type == Type::kLocal || type == Type::kTar; }
  bool is_of_image() const { return type == Type::kOci || type == Type::kDocker; }
};

// "type=local,dest=DIR", "DIR", "type=tar,dest=FILE", "-", "type=oci,dest=FILE", "type=docker,
// dest=FILE"; empty, and type=docker without a place: the image in the store alone. kInvalid.
Result<BuildOutput> parse_build_output(std::string_view text);

// Copies the tree's files into the directory, or writes them as a tar.
Result<void> write_tree_output(const BuildOutput& output, int root_fd);

// Writes the image, with those names, as an archive that `load` of any engine reads.
Result<void> write_image_output(const BuildOutput& output,
                                const ImageStore& store,
                                const ImageToSave& image);

}  // namespace ikada
