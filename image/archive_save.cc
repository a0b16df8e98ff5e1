#include "image/archive_save.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "runtime/base/json.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kSavedPieceBytes = size_t{256} << 10;
constexpr std::string_view kBlobs = "blobs/sha256/";

class ArchiveWriter {
 public:
  ArchiveWriter(const ImageStore& store, TarWriter::Output output)
      : store_(store), tar_(std::move(output)) {}

  Result<void> write(const std::vector<ImageToSave>& images, ArchiveFormat format) {
    IK_TRY(add_directory("blobs/"));
    IK_TRY(add_directory(std::string(kBlobs)));
    for (const ImageToSave& each : images) IK_TRY(add_image(each));
    for (const std::string& hex : blobs_) IK_TRY(add_blob(hex));
    const Json index = {
        {"schemaVersion", 2}, {"mediaType", kOciIndexType}, {"manifests", std::move(entries_)}};
    IK_TRY(add_text("index.json", index.dump()));
    if (format == ArchiveFormat::kDocker) IK_TRY(add_text("manifest.json", docker_.dump()));
    IK_TRY(add_text("oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
    return tar_.finish();
  }

 private:
  static TarEntry entry(std::string path, mode_t mode) {
    TarEntry made;
    made.path = std::move(path);
    made.mode = mode;
    return made;
  }

  Result<void> add_directory(std::string path) {
    return tar_.add(entry(std::move(path), S_IFDIR | 0755));
  }

  Result<void> add_text(std::string path, const std::string& text) {
    TarEntry file = entry(std::move(path), S_IFREG | 0644);
    file.size_bytes = text.size();
    IK_TRY(tar_.add(file));
    return tar_.write(text);
  }

  Result<void> add_blob(const std::string& hex) {
    IK_LET(digest, Digest::parse("sha256:" + hex));
    IK_LET(fd, open_file(store_.blob_path(digest), O_RDONLY));
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return errno_error("stat blob {}", hex);
    TarEntry file = entry(std::string(kBlobs) + hex, S_IFREG | 0644);
    file.size_bytes = static_cast<std::uint64_t>(status.st_size);
    IK_TRY(tar_.add(file));
    std::uint64_t left = file.size_bytes;
    while (left > 0) {
      const ssize_t got =
          ::read(fd.get(), buffer_.get(), std::min<std::uint64_t>(left, kSavedPieceBytes));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("read blob {}", hex);
      if (got == 0) return make_error(ErrorKind::kInternal, "blob {} is cut", hex);
      IK_TRY(tar_.write({buffer_.get(), static_cast<size_t>(got)}));
      left -= static_cast<std::uint64_t>(got);
    }
    return {};
  }

  // Notes the image's blobs and its lines in both lists.
  Result<void> add_image(const ImageToSave& each) {
    IK_LET(manifest, store_.manifest(each.image));
    IK_LET(digest, Digest::parse(each.image.manifest_digest));
    struct stat status {};
    if (::stat(store_.blob_path(digest).c_str(), &status) != 0) {
      return errno_error("stat blob {}", digest.text());
    }
    Json descriptor = {{"mediaType", manifest.media_type},
                       {"digest", digest.text()},
                       {"size", static_cast<std::uint64_t>(status.st_size)}};
    blobs_.emplace(digest.hex());
    blobs_.emplace(manifest.config.digest.hex());
    Json layers = Json::array();
    for (const Descriptor& layer : manifest.layers) {
      blobs_.emplace(layer.digest.hex());
      layers.push_back(fmt::format("{}{}", kBlobs, layer.digest.hex()));
    }
    Json tags = Json::array();
    for (const std::string& name : each.names) {
      IK_LET(reference, parse_reference(name));
      tags.push_back(reference.familiar());
      descriptor["annotations"] = {{"io.containerd.image.name", name},
                                   {"org.opencontainers.image.ref.name", reference.tag}};
      entries_.push_back(descriptor);
    }
    if (each.names.empty()) entries_.push_back(std::move(descriptor));
    docker_.push_back({{"Config", fmt::format("{}{}", kBlobs, manifest.config.digest.hex())},
                       {"RepoTags", each.names.empty() ? Json() : std::move(tags)},
                       {"Layers", std::move(layers)}});
    return {};
  }

  const ImageStore& store_;
  TarWriter tar_;
  std::set<std::string> blobs_;   // Hexadecimal digests, each once.
  Json entries_ = Json::array();  // Of index.json.
  Json docker_ = Json::array();   // manifest.json.
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kSavedPieceBytes);
};

}  // namespace

Result<void> save_images(const ImageStore& store,
                         const std::vector<ImageToSave>& images,
                         ArchiveFormat format,
                         TarWriter::Output output) {
  // Nothing of them is collected meanwhile, also if they are removed.
  IK_LET(reading, store.begin_pull());
  return ArchiveWriter(store, std::move(output)).write(images, format);
}

}  // namespace ikada
