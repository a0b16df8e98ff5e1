#include "image/old_compression.h"

#include <bzlib.h>
#include <cstdint>
#include <lzma.h>

namespace ikada {
namespace {

// xz -9 takes 65 MiB.
constexpr std::uint64_t kMaxXzMemoryBytes = std::uint64_t{256} << 20;
constexpr std::string_view kXzMagic(
    "\xFD"
    "7zXZ\0",
    6);
constexpr std::string_view kBzip2Magic = "BZh";

Error damaged_archive(std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "archive: {}", what);
  error.code = "LAYER_COMPRESSION_INVALID";
  return error;
}

class XzDecompressor : public OldDecompressor {
 public:
  XzDecompressor() = default;
  ~XzDecompressor() override { lzma_end(&stream_); }

  bool begin() {
    return lzma_stream_decoder(&stream_, kMaxXzMemoryBytes, LZMA_CONCATENATED) == LZMA_OK;
  }

  Result<size_t> decompress(std::string_view& input, std::span<char> output) override {
    return run(input, output, LZMA_RUN);
  }

  // Only the end of the input tells the library that no further stream follows.
  bool is_whole() override {
    char nothing = 0;
    std::string_view none;
    const Result<size_t> rest = run(none, {&nothing, 1}, LZMA_FINISH);
    return rest.has_value() && *rest == 0 && is_ended_;
  }

 private:
  Result<size_t> run(std::string_view& input, std::span<char> output, lzma_action action) {
    stream_.next_in = reinterpret_cast<const std::uint8_t*>(input.data());
    stream_.avail_in = input.size();
    stream_.next_out = reinterpret_cast<std::uint8_t*>(output.data());
    stream_.avail_out = output.size();
    const lzma_ret status = lzma_code(&stream_, action);
    input.remove_prefix(input.size() - stream_.avail_in);
    is_ended_ = status == LZMA_STREAM_END;
    if (status == LZMA_MEMLIMIT_ERROR) return damaged_archive("xz data needs too much memory");
    // LZMA_BUF_ERROR: nothing could be done with so little.
    if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR) {
      return damaged_archive("xz data is damaged");
    }
    return output.size() - stream_.avail_out;
  }

  lzma_stream stream_ = LZMA_STREAM_INIT;
  bool is_ended_ = false;
};

class Bzip2Decompressor : public OldDecompressor {
 public:
  Bzip2Decompressor() = default;
  ~Bzip2Decompressor() override { end(); }

  Result<size_t> decompress(std::string_view& input, std::span<char> output) override {
    size_t written = 0;
    while (written < output.size()) {
      if (!is_open_) {
        if (input.empty()) break;
        if (BZ2_bzDecompressInit(&stream_, 0, 0) != BZ_OK)
          return damaged_archive("no memory for bzip2");
        is_open_ = true;
      }
      const size_t before = input.size();
      // The library does not write to its input; its type is just not const.
      stream_.next_in = const_cast<char*>(input.data());
      stream_.avail_in = static_cast<unsigned>(input.size());
      stream_.next_out = output.data() + written;
      stream_.avail_out = static_cast<unsigned>(output.size() - written);
      const int status = BZ2_bzDecompress(&stream_);
      const size_t produced = output.size() - written - stream_.avail_out;
      input.remove_prefix(before - stream_.avail_in);
      written += produced;
      if (status == BZ_STREAM_END) {
        end();  // Perhaps another one follows.
        continue;
      }
      if (status != BZ_OK) return damaged_archive("bzip2 data is damaged");
      if (produced == 0 && input.size() == before) break;
      if (input.empty() && stream_.avail_out != 0) break;
    }
    return written;
  }

  bool is_whole() override { return !is_open_; }

 private:
  void end() {
    if (is_open_) BZ2_bzDecompressEnd(&stream_);
    is_open_ = false;
    stream_ = {};
  }

  bz_stream stream_ = {};
  bool is_open_ = false;
};

}  // namespace

bool is_packed_as_of_old(std::string_view head) {
  if (head.starts_with(kBzip2Magic)) return true;
  // The first bytes may be fewer than the whole magic.
  return head.size() >= 4 && kXzMagic.starts_with(head.substr(0, kXzMagic.size()));
}

Result<std::unique_ptr<OldDecompressor>> OldDecompressor::create(std::string_view head) {
  if (!is_packed_as_of_old(head)) return std::unique_ptr<OldDecompressor>();
  if (head.starts_with(kBzip2Magic)) return std::make_unique<Bzip2Decompressor>();
  auto xz = std::make_unique<XzDecompressor>();
  if (!xz->begin()) return damaged_archive("no memory for xz");
  return xz;
}

}  // namespace ikada
