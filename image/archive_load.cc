#include "image/archive_load.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "image/archive_spool.h"
#include "image/image_writer.h"
#include "image/layer_writer.h"
#include "image/plain_archive.h"
#include "image/store_space.h"
#include "runtime/base/json.h"
#include "runtime/base/random_id.h"
#include "runtime/base/rollback.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr std::string_view kFullName = "io.containerd.image.name";
constexpr std::string_view kRefName = "org.opencontainers.image.ref.name";

struct DockerItem {
  std::string config;
  std::vector<std::string> tags;
  std::vector<std::string> layers;
};

struct OciItem {
  Descriptor manifest;
  std::string name;  // Canonical or empty.
};

Error invalid_archive(std::string_view what) { return make_error(ErrorKind::kInvalid, "{}", what); }

Error not_as_promised(std::string_view object) {
  Error error = make_error(ErrorKind::kInvalid, "{}: digest mismatch in the archive", object);
  error.code = "DIGEST_MISMATCH";
  return error;
}

Result<std::vector<DockerItem>> read_docker_items(const ArchiveSpool& spool) {
  IK_LET(text, spool.text("manifest.json"));
  IK_LET(list, parse_json(text).context("manifest.json"));
  // The reader wants an object around the list.
  const Json json = {{"images", std::move(list)}};
  JsonReader reader(json, "manifest.json");
  std::vector<DockerItem> items;
  for (JsonReader& each : reader.objects("images")) {
    DockerItem item;
    each.require("Config", item.config);
    each.require("Layers", item.layers);
    each.read("RepoTags", item.tags);
    items.push_back(std::move(item));
  }
  IK_TRY(reader.done());
  return items;
}

// What an index calls the image: whole under containerd's key, otherwise under OCI's, if that is
// more than a tag.
std::string name_of(const std::map<std::string, std::string>& annotations) {
  for (const std::string_view key : {kFullName, kRefName}) {
    const auto found = annotations.find(std::string(key));
    if (found == annotations.end()) continue;
    if (key == kRefName && found->second.find_first_of("/:") == std::string::npos) continue;
    const Result<Reference> reference = parse_reference(found->second);
    if (reference.has_value() && reference->digest.empty()) return reference->canonical();
  }
  return "";
}

Result<std::vector<OciItem>> read_oci_items(const ArchiveSpool& spool) {
  IK_LET(text, spool.text("index.json"));
  IK_LET(json, parse_json(text).context("index.json"));
  JsonReader reader(json, "index.json");
  std::vector<OciItem> items;
  for (JsonReader& each : reader.objects("manifests")) {
    OciItem item;
    std::string digest;
    std::map<std::string, std::string> annotations;
    each.require("digest", digest);
    each.require("size", item.manifest.size_bytes);
    each.read("mediaType", item.manifest.media_type);
    each.read("annotations", annotations);
    IK_TRY(each.done());
    IK_LET(parsed, Digest::parse(digest).context("index.json"));
    item.manifest.digest = std::move(parsed);
    item.name = name_of(annotations);
    items.push_back(std::move(item));
  }
  IK_TRY(reader.done());
  return items;
}

// One archive on its way into the store.
class Loading {
 public:
  // `directory` is the spool's.
  Loading(ImageStore& store,
          const std::string& directory,
          const ArchiveSpool& spool,
          const LoadOptions& options)
      : store_(store), directory_(directory), spool_(spool), options_(options) {}

  Result<std::vector<LoadedImage>> run() {
    if (spool_.find("manifest.json") != nullptr) {
      IK_LET(items, read_docker_items(spool_));
      docker_ = std::move(items);
    }
    // An archive of docker's may be both; the layout keeps the manifest's bytes.
    if (spool_.find("index.json") != nullptr) return load_layout();
    if (docker_.empty())
      return invalid_archive("no image archive: neither manifest.json nor index.json");
    std::vector<LoadedImage> loaded;
    for (const DockerItem& item : docker_) {
      IK_LET(image, load_docker(item));
      loaded.push_back(std::move(image));
    }
    return loaded;
  }

 private:
  Result<std::vector<LoadedImage>> load_layout() {
    IK_LET(items, read_oci_items(spool_));
    if (items.empty()) return invalid_archive("index.json: the archive has no images");
    std::map<Digest, std::vector<std::string>> named;
    std::vector<Descriptor> order;
    for (OciItem& item : items) {
      const auto [place, is_new] = named.try_emplace(item.manifest.digest);
      if (is_new) order.push_back(item.manifest);
      if (!item.name.empty()) place->second.push_back(std::move(item.name));
    }
    std::vector<LoadedImage> loaded;
    for (const Descriptor& descriptor : order) {
      IK_LET(image, load_oci(descriptor, named[descriptor.digest]));
      loaded.push_back(std::move(image));
    }
    return loaded;
  }

  // The text of a blob, which the spool has hashed.
  Result<std::string> blob_text(const Descriptor& blob) {
    const SpooledFile* file = spool_.find(blob.digest);
    if (file == nullptr) {
      return make_error(ErrorKind::kInvalid, "the archive lacks blob {}", blob.digest.text());
    }
    if (file->size_bytes != blob.size_bytes) return not_as_promised(blob.digest.text());
    return read_file(file->path, kMaxManifestBytes);
  }

  Result<LoadedImage> load_oci(Descriptor descriptor, std::vector<std::string> names) {
    Platform platform = host_platform();
    if (!options_.platform.empty()) {
      IK_LET(parsed, parse_platform(options_.platform));
      platform = std::move(parsed);
    }
    for (int depth = 0; depth <= kMaxIndexDepth; ++depth) {
      IK_LET(text, blob_text(descriptor));
      IK_LET(parsed, parse_manifest(text, descriptor.media_type));
      if (std::holds_alternative<Index>(parsed)) {
        IK_LET(next, choose_platform(std::get<Index>(parsed), platform));
        descriptor = std::move(next);
        continue;
      }
      const Manifest manifest = std::get<Manifest>(std::move(parsed));
      IK_LET(config_text, blob_text(manifest.config));
      IK_LET(config, parse_image_config(config_text));
      if (config.diff_ids.size() != manifest.layers.size()) {
        return invalid_archive("the configuration has another number of layers than the manifest");
      }
      ImageBudget budget(options_.max_image_bytes);
      std::set<std::string> seen;
      for (size_t i = 0; i < manifest.layers.size(); ++i) {
        const bool is_new = seen.insert(manifest.layers[i].digest.text()).second;
        IK_TRY(keep_layer(manifest.layers[i], config.diff_ids[i], is_new ? &budget : nullptr));
      }
      if (names.empty()) names = docker_names(manifest.config.digest);
      return list({.config = std::move(config_text),
                   .manifest = std::move(text),
                   .manifest_type = manifest.media_type},
                  std::move(names));
    }
    return invalid_archive("indexes are nested too deep");
  }

  // manifest.json's names for the image of that id.
  std::vector<std::string> docker_names(const Digest& id) const {
    std::vector<std::string> names;
    for (const DockerItem& item : docker_) {
      const SpooledFile* config = spool_.find(item.config);
      if (config == nullptr || config->digest != id) continue;
      for (const std::string& tag : item.tags) {
        const Result<Reference> reference = parse_reference(tag);
        if (reference.has_value()) names.push_back(reference->canonical());
      }
    }
    return names;
  }

  // A layer whose blob is in the archive under its own digest.
  Result<void> keep_layer(const Descriptor& blob,
                          const std::string& diff_id_text,
                          ImageBudget* budget) {
    IK_LET(compression, layer_compression(blob.media_type));
    static_cast<void>(compression);
    IK_LET(diff_id, Digest::parse(diff_id_text));
    const std::string place = store_.blob_path(blob.digest);
    if (!store_.has_blob(blob.digest)) {
      const SpooledFile* file = spool_.find(blob.digest);
      if (file == nullptr) {
        return make_error(ErrorKind::kInvalid, "the archive lacks blob {}", blob.digest.text());
      }
      if (file->size_bytes != blob.size_bytes) return not_as_promised(blob.digest.text());
      IK_LET(fd, open_file(file->path, O_RDONLY));
      if (::fdatasync(fd.get()) != 0) return errno_error("sync {}", file->path);
      if (::rename(file->path.c_str(), place.c_str()) != 0) {
        return errno_error("rename {} to {}", file->path, place);
      }
    }
    return place_layer_copy(
        store_, {.blob = blob, .diff_id = diff_id}, {.limits = options_.limits, .budget = budget});
  }

  // Docker's older form: layers are tars under any name, and only the configuration knows them.
  Result<LoadedImage> load_docker(const DockerItem& item) {
    IK_LET(config_text, spool_.text(item.config));
    IK_LET(config, parse_image_config(config_text));
    if (config.diff_ids.size() != item.layers.size()) {
      return invalid_archive("the configuration has another number of layers than manifest.json");
    }
    std::vector<Descriptor> layers;
    ImageBudget budget(options_.max_image_bytes);
    std::set<std::string> seen;
    for (size_t i = 0; i < item.layers.size(); ++i) {
      const bool is_new = seen.insert(config.diff_ids[i]).second;
      IK_LET(layer, pack_layer(item.layers[i], config.diff_ids[i], is_new ? &budget : nullptr));
      layers.push_back(std::move(layer));
    }
    std::vector<std::string> names;
    for (const std::string& tag : item.tags) {
      IK_LET(reference, parse_reference(tag));
      names.push_back(reference.canonical());
    }
    const Descriptor blob{
        .media_type = "", .digest = Digest::of(config_text), .size_bytes = config_text.size()};
    return list({.config = std::move(config_text),
                 .manifest = format_manifest(blob, layers),
                 .manifest_type = std::string(kOciManifestType)},
                std::move(names));
  }

  Result<Descriptor> pack_layer(const std::string& name,
                                const std::string& diff_id,
                                ImageBudget* budget) {
    const LayerOptions options{.limits = options_.limits, .budget = budget};
    const auto known = packed_.find(diff_id);
    if (known != packed_.end()) {
      IK_LET(parsed, Digest::parse(diff_id));
      IK_TRY(place_layer_copy(store_, {.blob = known->second, .diff_id = parsed}, options));
      return known->second;
    }
    const SpooledFile* file = spool_.find(name);
    if (file == nullptr) return make_error(ErrorKind::kInvalid, "the archive has no {}", name);
    IK_LET(packed, open_file(file->path, O_RDONLY));
    IK_LET(plain,
           open_plain(directory_, packed.get(), options_.limits.max_bytes).context("{}", name));
    IK_LET(layer, write_tar_layer(store_, plain.get(), options).context("{}", name));
    if (layer.diff_id.text() != diff_id) return not_as_promised(name);
    IK_TRY(place_layer_copy(store_, layer, options).context("{}", name));
    packed_[diff_id] = layer.blob;
    return layer.blob;
  }

  Result<LoadedImage> list(const ImageTexts& texts, std::vector<std::string> names) {
    IK_LET(image, list_image(store_, texts, names));
    return LoadedImage{.image = std::move(image), .names = std::move(names)};
  }

  ImageStore& store_;
  const std::string directory_;
  const ArchiveSpool& spool_;
  const LoadOptions& options_;
  std::vector<DockerItem> docker_;
  std::map<std::string, Descriptor> packed_;  // By diff-id.
};

// The archive's size if it is a file: what reading it takes at least.
std::uint64_t archive_bytes(int input) {
  struct stat status {};
  if (::fstat(input, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::vector<LoadedImage>> load_once(ImageStore& store,
                                           int input,
                                           std::uint64_t floor,
                                           const LoadOptions& options) {
  IK_LET(writing, store.begin_pull());
  IK_TRY(check_room(store, archive_bytes(input), floor));
  const std::string directory = store.root() + "/images/partial/load-" + random_hex(16);
  Rollback cleanup;
  cleanup.add([&] { return remove_tree(directory); });
  IK_TRY(make_directories(directory, 0700));
  IK_LET(spool, ArchiveSpool::read(directory, input, options.limits.max_bytes));
  return Loading(store, directory, spool, options).run();
}

}  // namespace

Result<std::vector<LoadedImage>> load_images(ImageStore& store,
                                             int input,
                                             const LoadOptions& options) {
  IK_LET(floor, floor_bytes(store, options.policy));
  IK_LET(exceeded_bytes, free_bytes(store));
  const off_t start = ::lseek(input, 0, SEEK_CUR);
  Result<std::vector<LoadedImage>> loaded = load_once(store, input, floor, options);
  if (loaded.has_value() || !is_out_of_space(loaded.error())) return loaded;
  // What came through a pipe does not come again.
  if (start < 0 || ::lseek(input, start, SEEK_SET) != start) return loaded;
  // It is there once more in the spool or as a layer's tree.
  const std::uint64_t wanted_bytes = 2 * std::max(archive_bytes(input), exceeded_bytes);
  IK_TRY(make_room(store, options.policy, wanted_bytes));
  return load_once(store, input, 0, options);
}

}  // namespace ikada
