#include "image/archive_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "image/decompressor.h"
#include "image/manifest.h"
#include "runtime/base/text.h"
#include "runtime/sys/file.h"

namespace ikada {
namespace {

constexpr size_t kTarBytes = size_t{256} << 10;
constexpr size_t kMaxFiles = 100'000;
constexpr int kMaxLinks = 8;

// "./a//b/../c" as "a/c". What leaves the archive names nothing in it.
std::string clean_name(std::string_view name) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.emplace_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  return join(parts, "/");
}

// Unpacks a stream piece by piece for the tar reader.
class Unpacked {
 public:
  explicit Unpacked(TarReader::Input input) : input_(std::move(input)) {}

  Result<std::span<const char>> next() {
    while (true) {
      IK_LET(size, decompressor_.decompress(rest_, {space_.get(), kTarBytes}));
      if (size > 0) return std::span<const char>(space_.get(), size);
      if (!rest_.empty()) continue;
      IK_LET(chunk, input_());
      if (chunk.empty()) {
        IK_TRY(decompressor_.finish());
        return std::span<const char>();
      }
      rest_ = {chunk.data(), chunk.size()};
    }
  }

 private:
  TarReader::Input input_;
  Decompressor decompressor_;
  std::string_view rest_;
  std::unique_ptr<char[]> space_ = std::make_unique_for_overwrite<char[]>(kTarBytes);
};

}  // namespace

Result<ArchiveSpool> ArchiveSpool::read(const std::string& directory,
                                        const TarReader::Input& input) {
  ArchiveSpool spool;
  auto unpacked = std::make_shared<Unpacked>(input);
  IK_LET(reader, TarReader::create([unpacked] { return unpacked->next(); }));
  while (true) {
    IK_LET(entry, reader.next());
    if (entry == nullptr) return spool;
    if (spool.files_.size() + spool.links_.size() >= kMaxFiles) {
      return make_error(ErrorKind::kInvalid, "the archive has too many files");
    }
    IK_TRY(spool.add(*entry, reader, directory));
  }
}

Result<void> ArchiveSpool::add(const TarEntry& entry,
                               TarReader& reader,
                               const std::string& directory) {
  const std::string name = clean_name(entry.path);
  if (entry.is_hard_link) {
    links_[name] = clean_name(entry.link_target);
    return {};
  }
  if (S_ISLNK(entry.mode)) {
    const size_t slash = name.rfind('/');
    const std::string parent = slash == std::string::npos ? "" : name.substr(0, slash + 1);
    links_[name] = clean_name(parent + entry.link_target);
    return {};
  }
  if (!S_ISREG(entry.mode)) return {};
  SpooledFile file{.path = fmt::format("{}/{}", directory, files_.size()),
                   .digest = {},
                   .size_bytes = entry.size_bytes};
  IK_LET(fd, open_file(file.path, O_WRONLY | O_CREAT | O_EXCL, 0600));
  Sha256 hash;
  std::uint64_t end = 0;
  while (true) {
    IK_LET(block, reader.next_block());
    if (!block.has_value()) break;
    // Blobs are no sparse files; one that claims to be is not what its digest says.
    if (block->offset != end) {
      return make_error(ErrorKind::kInvalid, "{}: a file with holes in an archive", name);
    }
    hash.update(block->bytes);
    IK_TRY(write_all(fd.get(), block->bytes).context("{}", name));
    end += block->bytes.size();
  }
  if (end != entry.size_bytes) return make_error(ErrorKind::kInvalid, "{} is cut", name);
  file.digest = hash.finish();
  names_[file.digest] = name;
  files_[name] = std::move(file);
  return {};
}

const SpooledFile* ArchiveSpool::find(std::string_view name) const {
  std::string wanted = clean_name(name);
  for (int i = 0; i < kMaxLinks; ++i) {
    const auto file = files_.find(wanted);
    if (file != files_.end()) return &file->second;
    const auto link = links_.find(wanted);
    if (link == links_.end()) return nullptr;
    wanted = link->second;
  }
  return nullptr;
}

const SpooledFile* ArchiveSpool::find(const Digest& digest) const {
  const auto name = names_.find(digest);
  return name == names_.end() ? nullptr : find(name->second);
}

Result<std::string> ArchiveSpool::text(std::string_view name) const {
  const SpooledFile* file = find(name);
  if (file == nullptr) return make_error(ErrorKind::kNotFound, "the archive has no {}", name);
  return read_file(file->path, kMaxManifestBytes).context("{}", name);
}

}  // namespace ikada
