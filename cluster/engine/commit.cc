#include "cluster/engine/commit.h"

#include <algorithm>
#include <utility>

#include "cluster/engine/container_tree.h"
#include "image/image_writer.h"
#include "image/layer_writer.h"
#include "runtime/base/clock.h"
#include "runtime/base/text.h"

namespace ikada {
namespace {

void add_once(std::vector<std::string>& list, const std::string& value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) list.push_back(value);
}

}  // namespace

void apply_container_settings(const ContainerRecord& record, ImageConfig& config) {
  config.env = record.spec.env;
  config.entrypoint = record.image_entrypoint;
  config.cmd = record.image_cmd;
  config.working_dir = record.spec.working_dir;
  config.user = record.spec.user;
  config.labels = record.spec.labels;
  if (!record.spec.stop_signal.empty()) config.stop_signal = record.spec.stop_signal;
  for (const std::string& port : record.exposed) add_once(config.exposed_ports, port);
  for (const MountSpec& mount : record.spec.mounts) {
    const auto& anonymous = record.anonymous_volumes;
    const bool is_anonymous =
        std::find(anonymous.begin(), anonymous.end(), mount.source) != anonymous.end();
    if (is_anonymous) add_once(config.volumes, mount.destination);
  }
}

Result<StoredImage> commit_container(ImageStore& store,
                                     const EngineLayout& layout,
                                     const ContainerRecord& record,
                                     const CommitOptions& options) {
  IK_LET(writing, store.begin_pull());
  IK_LET(tree, ContainerTree::open(store, layout, record.id));
  IK_LET(image, edit_image(store, tree.image()));
  const LayerOptions layer_options{.tar = {.skipped_if_empty = mount_stubs()}};
  IK_LET(layer, write_tree_layer(store, tree.upper_fd(), layer_options));
  IK_TRY(place_layer_copy(store, layer, layer_options));

  apply_container_settings(record, image.config);
  if (options.change) IK_TRY(options.change(image.config));
  image.config.created = format_rfc3339(unix_now());
  image.config.author = options.author;
  if (!options.name.empty()) image.names = {options.name};
  add_layer(image,
            layer,
            {.created = image.config.created,
             .created_by = join(record.args, " "),
             .author = options.author,
             .comment = options.message});
  return write_image(store, image);
}

}  // namespace ikada
