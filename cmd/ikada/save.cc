#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "cmd/ikada/commands.h"
#include "cmd/ikada/context.h"
#include "cmd/ikada/open_store.h"
#include "cmd/ikada/output_file.h"
#include "image/archive_save.h"

namespace ikada {
namespace {

struct SaveOptions {
  std::vector<std::string> images;
  std::string output;
  std::string format = "docker-archive";
};

bool is_name_of(const StoredImage& image, const std::string& canonical) {
  for (const std::string& name : image.references) {
    if (name == canonical) return true;
  }
  return false;
}

// The images once each, with the names by which they were asked for.
Result<std::vector<ImageToSave>> find_images(const ImageStore& store,
                                             const std::vector<std::string>& wanted) {
  std::vector<ImageToSave> images;
  for (const std::string& name : wanted) {
    IK_LET(image, store.find(name));
    auto place = images.begin();
    while (place != images.end() && place->image.id != image.id) ++place;
    if (place == images.end()) place = images.insert(images.end(), {.image = image});
    const Result<Reference> reference = parse_reference(name);
    if (!reference.has_value()) continue;
    const std::string canonical = reference->canonical();
    if (is_name_of(image, canonical)) place->names.push_back(canonical);
  }
  return images;
}

Result<void> save(const SaveOptions& options, const Context& context) {
  IK_LET(store, open_store(context));
  IK_LET(keeping, store.begin_pull());
  IK_LET(images, find_images(store, options.images));
  IK_LET(file, OutputFile::create(options.output));
  const ArchiveFormat format =
      options.format == "oci-archive" ? ArchiveFormat::kOci : ArchiveFormat::kDocker;
  IK_TRY(save_images(
      store, images, format, [&file](std::string_view bytes) { return file.write(bytes); }));
  return file.finish();
}

}  // namespace

void add_save_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<SaveOptions>();
  CLI::App* command = app.add_subcommand("save", "Write images to an archive");
  command->add_option("image", options->images, "Names or ids of images")->required();
  command->add_option("-o,--output", options->output, "A file instead of stdout");
  command
      ->add_option(
          "--format", options->format, "docker-archive (also an OCI layout) or oci-archive")
      ->check(CLI::IsMember({"docker-archive", "oci-archive"}));
  command->callback([options, &context] { context.finish(save(*options, context)); });
}

}  // namespace ikada
