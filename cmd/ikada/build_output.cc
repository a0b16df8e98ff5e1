#include "cmd/ikada/build_output.h"

#include <fcntl.h>

#include "cmd/ikada/output_file.h"
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
  if (text == "oci") return BuildOutput::Type::kOci;
  if (text == "docker") return BuildOutput::Type::kDocker;
  return make_error(ErrorKind::kInvalid,
                    "invalid output type \"{}\": expected image, local, tar, oci or docker",
                    text);
}

Result<void> copy_to_directory(const std::string& directory, int root_fd) {
  IK_TRY(make_directories(directory, 0755));
  IK_LET(target, open_file(directory, O_RDONLY | O_DIRECTORY));
  IK_LET(trees, find_sources({.root_fd = root_fd}, "/"));
  TreePlacement placement(target.get(), {});
  IK_TRY(placement.copy(trees[0], "/"));
  return placement.finish();
}

Result<OutputFile> open_output(const std::string& path) {
  return OutputFile::create(path == "-" ? "" : path);
}

Result<void> write_tar(const std::string& path, int root_fd) {
  IK_LET(file, open_output(path));
  TarWriter tar([&file](std::string_view bytes) { return file.write(bytes); });
  IK_TRY(write_tree_tar(root_fd, {.as_layer = false}, tar).map([](auto) {}));
  IK_TRY(tar.finish());
  return file.finish();
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
  if (!output.destination.empty()) return output;
  // As docker does: an archive that goes nowhere is for its own store.
  if (output.type == BuildOutput::Type::kDocker) output.type = BuildOutput::Type::kImage;
  if (output.type != BuildOutput::Type::kImage) output.destination = "-";
  return output;
}

Result<void> write_tree_output(const BuildOutput& output, int root_fd) {
  if (output.type == BuildOutput::Type::kLocal) {
    return copy_to_directory(output.destination, root_fd).context("{}", output.destination);
  }
  return write_tar(output.destination, root_fd).context("{}", output.destination);
}

Result<void> write_image_output(const BuildOutput& output,
                                const ImageStore& store,
                                const ImageToSave& image) {
  IK_LET(file, open_output(output.destination));
  const ArchiveFormat format =
      output.type == BuildOutput::Type::kOci ? ArchiveFormat::kOci : ArchiveFormat::kDocker;
  IK_TRY(save_images(
      store, {image}, format, [&file](std::string_view bytes) { return file.write(bytes); }));
  return file.finish();
}

}  // namespace ikada
