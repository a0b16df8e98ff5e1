#include "image/decompressor.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include "image/old_compression.h"

namespace ikada {
namespace {

constexpr int kZstdWindowLogMax = 27;  // 128 MiB; RFC 8878 section 3.1.1.1.2 asks for 8 MiB.
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::string_view kSkippableMagic = "\x2a\x4d\x18";  // After one byte 0x50 to 0x5f.

Error damaged_layer(std::string_view what) {
  Error error = make_error(ErrorKind::kInvalid, "layer: {}", what);
  error.code = "LAYER_COMPRESSION_INVALID";
  return error;
}

bool is_zstd(std::string_view head) {
  if (head.starts_with(kZstdMagic)) return true;
  return head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xf0U) == 0x50 &&
         head.substr(1, 3) == kSkippableMagic;
}

}  // namespace

bool is_packed(std::string_view head) {
  return head.starts_with(kGzipMagic) || is_zstd(head) || is_packed_as_of_old(head);
}

struct Decompressor::State {
  enum class Kind { kUnknown, kPlain, kGzip, kZstd, kOld };
  struct FreeZstd {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  explicit State(Accepts accepted) : accepts(accepted) {}

  Result<void> choose(std::string_view head);
  Result<size_t> gunzip(std::string_view& input, std::span<char> output);
  Result<size_t> unzstd(std::string_view& input, std::span<char> output);

  const Accepts accepts;
  std::unique_ptr<OldDecompressor> old;
  Kind kind = Kind::kUnknown;
  bool between_frames = false;  // What came so far is whole.
  std::unique_ptr<inflate_state> gzip;
  std::unique_ptr<ZSTD_DCtx, FreeZstd> zstd;
};

Result<void> Decompressor::State::choose(std::string_view head) {
  if (head.starts_with(kGzipMagic)) {
    kind = Kind::kGzip;
    gzip = std::make_unique<inflate_state>();
    isal_inflate_init(gzip.get());
    gzip->crc_flag = ISAL_GZIP;
    return {};
  }
  if (accepts == Accepts::kArchives) {
    IK_LET(found, OldDecompressor::create(head));
    old = std::move(found);
  }
  if (old != nullptr) {
    kind = Kind::kOld;
    return {};
  }
  if (!is_zstd(head)) {
    kind = Kind::kPlain;
    return {};
  }
  kind = Kind::kZstd;
  zstd.reset(ZSTD_createDCtx());
  if (zstd == nullptr) return damaged_layer("no memory for zstd");
  ZSTD_DCtx_setParameter(zstd.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  return {};
}

Result<size_t> Decompressor::State::gunzip(std::string_view& input, std::span<char> output) {
  std::string_view rest = input;
  size_t written = 0;
  while (written < output.size()) {
    if (gzip->block_state == ISAL_BLOCK_FINISH) {
      if (rest.empty()) break;
      isal_inflate_reset(gzip.get());  // The next member.
      gzip->crc_flag = ISAL_GZIP;
    }
    // The library does not write to its input; its type is just not const.
    gzip->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(rest.data()));
    gzip->avail_in = static_cast<std::uint32_t>(rest.size());
    gzip->next_out = reinterpret_cast<std::uint8_t*>(output.data()) + written;
    gzip->avail_out = static_cast<std::uint32_t>(output.size() - written);
    const int status = isal_inflate(gzip.get());
    if (status == ISAL_INCORRECT_CHECKSUM) return damaged_layer("gzip checksum is wrong");
    if (status < 0) return damaged_layer("gzip data is damaged");
    const size_t consumed = rest.size() - gzip->avail_in;
    const size_t produced = output.size() - written - gzip->avail_out;
    rest.remove_prefix(consumed);
    written += produced;
    if (consumed == 0 && produced == 0 && gzip->block_state != ISAL_BLOCK_FINISH) break;
  }
  between_frames = gzip->block_state == ISAL_BLOCK_FINISH;
  input = rest;
  return written;
}

Result<size_t> Decompressor::State::unzstd(std::string_view& input, std::span<char> output) {
  ZSTD_inBuffer in{input.data(), input.size(), 0};
  ZSTD_outBuffer out{output.data(), output.size(), 0};
  while (out.pos < out.size) {
    const size_t in_before = in.pos;
    const size_t out_before = out.pos;
    const size_t hint = ZSTD_decompressStream(zstd.get(), &out, &in);
    if (ZSTD_isError(hint) != 0) return damaged_layer(ZSTD_getErrorName(hint));
    if (in.pos == in_before && out.pos == out_before) break;
    between_frames = hint == 0;
  }
  input.remove_prefix(in.pos);
  return out.pos;
}

Decompressor::Decompressor(Accepts accepts) : state_(std::make_unique<State>(accepts)) {}
Decompressor::Decompressor(Decompressor&&) noexcept = default;
Decompressor& Decompressor::operator=(Decompressor&&) noexcept = default;
Decompressor::~Decompressor() = default;

Result<size_t> Decompressor::decompress(std::string_view& input, std::span<char> output) {
  if (state_->kind == State::Kind::kUnknown) IK_TRY(state_->choose(input));
  if (state_->kind == State::Kind::kGzip) return state_->gunzip(input, output);
  if (state_->kind == State::Kind::kZstd) return state_->unzstd(input, output);
  if (state_->kind == State::Kind::kOld) return state_->old->decompress(input, output);
  const size_t size = std::min(input.size(), output.size());
  std::memcpy(output.data(), input.data(), size);
  input.remove_prefix(size);
  return size;
}

Result<void> Decompressor::finish() const {
  if (state_->old != nullptr && !state_->old->is_whole()) {
    return damaged_layer("compressed data is truncated");
  }
  const bool compressed = state_->gzip != nullptr || state_->zstd != nullptr;
  if (compressed && !state_->between_frames) return damaged_layer("compressed data is truncated");
  return {};
}

}  // namespace ikada
