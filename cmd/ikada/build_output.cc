#include "cmd/ikada/build_output.h"

#include <fcntl.h>
#include <unistd.h>

#include "image/build/source_tree.h"
#include "image/build/tree_placement.h"
#include "image/tree_tar.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

Result<BuildOutput::Type> parse_type(std::string_view text) {
  if (text == "image") return BuildOutput::Type::kImage;
  if (text == "local") return BuildOutput::Type::kLocal;
  if (text == "tar") return BuildOutput::Type::kTar;
  return make_error(
      ErrorKind::kInvalid, "invalid output type \"{}\": expected image, local or tar", text);
}

Result<void> copy_to_directory(const std::string& directory, int root_fd) {
  IK_TRY(make_directories(directory, 0755));
  IK_LET(target, open_file(directory, O_RDONLY | O_DIRECTORY));
  IK_LET(trees, find_sources({.root_fd = root_fd}, "/"));
  TreePlacement placement(target.get(), {});
  IK_TRY(placement.copy(trees[0], "/"));
  return placement.finish();
}

Result<void> write_tar(const std::string& path, int root_fd) {
  UniqueFd file;
  if (path != "-") {
    IK_LET(opened, open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    file = std::move(opened);
  }
  const int out = file ? file.get() : STDOUT_FILENO;
  TarWriter tar([out](std::string_view bytes) { return write_all(out, bytes); });
  IK_TRY(write_tree_tar(root_fd, {.as_layer = false}, tar).map([](auto) {}));
  return tar.finish();
}

}  // namespace

Result<BuildOutput> parse_build_output(std::string_view text) {
  BuildOutput output;
  if (text.empty()) return output;
  if (text == "-") return BuildOutput{.type = BuildOutput::Type::kTar, .destination = "-"};
  if (text.find('=') == std::string_view::npos) {
    return BuildOutput{.type = BuildOutput::Type::kLocal, .destination = std::string(text)};
  }
  bool has_type = false;
  for (const std::string_view field : split(text, ',')) {
    const Cut parts = cut(field, '=');
    if (parts.before == "type") {
      IK_LET(type, parse_type(parts.after));
      output.type = type;
      has_type = true;
    } else if (parts.before == "dest" || parts.before == "destination") {
      output.destination = parts.after;
    } else {
      return make_error(ErrorKind::kInvalid, "--output: unknown field \"{}\"", field);
    }
  }
  if (!has_type) return make_error(ErrorKind::kInvalid, "--output: type is required");
  if (output.type == BuildOutput::Type::kLocal && output.destination.empty()) {
    return make_error(ErrorKind::kInvalid, "--output: dest is required for type=local");
  }
  if (output.type != BuildOutput::Type::kImage && output.destination.empty()) {
    output.destination = "-";
  }
  return output;
}

Result<void> write_tree_output(const BuildOutput& output, int root_fd) {
  if (output.type == BuildOutput::Type::kLocal) {
    return copy_to_directory(output.destination, root_fd).context("{}", output.destination);
  }
  return write_tar(output.destination, root_fd).context("{}", output.destination);
}

}  // namespace ikada
