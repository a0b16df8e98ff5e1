// Targets that read layers: compression, tar, and the files that come of it.
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <string>

#include "image/decompressor.h"
#include "image/layer_tree.h"
#include "image/tar_reader.h"
#include "image/unpack_channel.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"
#include "tests/fuzz/targets.h"

namespace ikada {
namespace {

constexpr std::uint64_t kMaxOutputBytes = std::uint64_t{8} << 20;

// The bytes in pieces, so that every border is met; how large they are is the input's choice.
class Pieces {
 public:
  Pieces(std::string_view bytes, size_t size) : rest_(bytes), size_(size) {}

  std::string_view next() {
    const std::string_view piece = rest_.substr(0, size_);
    rest_.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::string_view rest_;
  size_t size_;
};

// A place for one layer beside a file that no layer may touch.
class Place {
 public:
  Place() {
    std::string pattern = "/tmp/ikada-fuzz-XXXXXX";
    promise(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    path_ = pattern;
    promise(make_directories(path_ + "/outside", 0755).has_value(), "mkdir");
    promise(write_file_atomically(path_ + "/outside/secret", "canary", 0600).has_value(), "write");
    before_ = state();
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { static_cast<void>(remove_tree(path_).has_value()); }

  Result<UniqueFd> open_layer() const {
    IK_TRY(make_directories(path_ + "/layer", 0755));
    return open_file(path_ + "/layer", O_RDONLY | O_DIRECTORY);
  }

  void check_and_clear() const {
    promise(remove_tree(path_ + "/layer").has_value(), "whatever was unpacked can be removed");
    promise(state() == before_, "nothing outside the layer changes");
  }

 private:
  std::string state() const {
    std::string text;
    for (const char* name : {"", "/outside", "/outside/secret"}) {
      struct stat status {};
      promise(::lstat((path_ + name).c_str(), &status) == 0, "the outside is there");
      // The place's own times change with the layer beside.
      const bool is_place = *name == '\0';
      text += fmt::format("{:o} {} {} {} {} ",
                          status.st_mode,
                          status.st_uid,
                          status.st_nlink - (is_place ? status.st_nlink : 0),
                          is_place ? 0 : status.st_mtim.tv_sec,
                          is_place ? 0 : status.st_mtim.tv_nsec);
    }
    return text + read_file(path_ + "/outside/secret").value_or("unreadable");
  }

  std::string path_;
  std::string before_;
};

Result<void> unpack(std::string_view tar, LayerTree& tree) {
  Pieces pieces(tar, size_t{64} << 10);
  IK_LET(reader, TarReader::create([&]() -> Result<std::span<const char>> {
           const std::string_view piece = pieces.next();
           return std::span(piece.data(), piece.size());
         }));
  while (true) {
    IK_LET(entry, reader.next());
    if (entry == nullptr) return tree.finish();
    IK_TRY(tree.add(*entry, [&] { return reader.next_block(); }));
  }
}

// The first byte says in pieces of which size the rest comes.
void decompress(std::string_view bytes, Decompressor::Accepts accepts) {
  if (bytes.empty()) return;
  Pieces pieces(bytes.substr(1), std::max<size_t>(static_cast<unsigned char>(bytes[0]) * 16, 4));
  std::string output(size_t{64} << 10, '\0');
  Decompressor decompressor(accepts);
  std::uint64_t total = 0;
  for (std::string_view input = pieces.next(); !input.empty(); input = pieces.next()) {
    bool more = true;
    for (int idle = 0; more;) {
      const size_t before = input.size();
      const Result<size_t> size = decompressor.decompress(input, output);
      if (!size.has_value()) return;
      promise(*size <= output.size(), "no more is written than fits");
      total += *size;
      if (total > kMaxOutputBytes) return;
      more = *size == output.size() || !input.empty();
      idle = *size == 0 && input.size() == before ? idle + 1 : 0;
      promise(idle < 64, "decompressing gets on");
    }
  }
  static_cast<void>(decompressor.finish().has_value());
}

}  // namespace

void fuzz_decompressor(std::string_view bytes) {
  decompress(bytes, Decompressor::Accepts::kLayers);
}

void fuzz_archive_packing(std::string_view bytes) {
  decompress(bytes, Decompressor::Accepts::kArchives);
}

// What a process that was taken over by a layer could say.
void fuzz_unpack_report(std::string_view bytes) {
  static_cast<void>(parse_unpack_progress(bytes));
  const Result<UnpackedLayer> report = parse_unpack_report(bytes);
  if (report.has_value()) {
    promise(parse_unpack_report(format_unpack_report(report)).has_value(), "a report is stable");
  } else {
    promise(report.error().message.find('\0') == std::string::npos, "no NUL in a message");
  }
}

// The first byte says in pieces of which size the rest comes.
void fuzz_tar(std::string_view bytes) {
  if (bytes.empty()) return;
  Pieces pieces(bytes.substr(1), static_cast<unsigned char>(bytes[0]) * size_t{16} + 1);
  auto reader = TarReader::create([&]() -> Result<std::span<const char>> {
    const std::string_view piece = pieces.next();
    return std::span(piece.data(), piece.size());
  });
  if (!reader.has_value()) return;
  for (size_t entries = 0;; ++entries) {
    const Result<const TarEntry*> entry = reader->next();
    if (!entry.has_value()) {
      promise(entry.error().code == "LAYER_TAR_INVALID", "a broken tar has its code");
      return;
    }
    if (*entry == nullptr) return;
    promise(entries <= bytes.size() / 512, "an entry takes a block");
    std::uint64_t end = 0;
    std::uint64_t given = 0;
    while (true) {
      const auto block = reader->next_block();
      if (!block.has_value() || !block->has_value()) break;
      promise((*block)->bytes.empty() || (*block)->offset >= end, "pieces come in order");
      end = (*block)->offset + (*block)->bytes.size();
      given += (*block)->bytes.size();
      promise(given <= bytes.size(), "content comes from the archive");
    }
  }
}

// Needs root for owners and devices; without, what it may not do is an error like others.
void fuzz_layer(std::string_view bytes) {
  static const Place place;
  ::umask(0);
  Result<UniqueFd> root = place.open_layer();
  promise(root.has_value(), "a place for the layer");
  {
    LayerTree tree(std::move(*root), {.max_bytes = 1 << 20, .max_entries = 300}, mark_opaque);
    static_cast<void>(unpack(bytes, tree).has_value());
  }
  place.check_and_clear();
}

}  // namespace ikada
