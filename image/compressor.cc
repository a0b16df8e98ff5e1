#include "image/compressor.h"

#include <array>
#include <cstdint>
#include <utility>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

namespace ikada {
namespace {

constexpr size_t kOutputBytes = size_t{128} << 10;
constexpr int kMaxGzipLevel = 3;
constexpr int kMaxZstdLevel = 19;
constexpr int kDefaultGzipLevel = 1;
constexpr int kDefaultZstdLevel = 3;
constexpr std::array<std::uint32_t, kMaxGzipLevel + 1> kLevelBufferBytes = {
    ISAL_DEF_LVL0_DEFAULT, ISAL_DEF_LVL1_DEFAULT, ISAL_DEF_LVL2_DEFAULT, ISAL_DEF_LVL3_DEFAULT};

Result<int> checked_level(int level, int default_level, int lowest, int highest) {
  if (level == kDefaultLevel) return default_level;
  if (level >= lowest && level <= highest) return level;
  return make_error(
      ErrorKind::kInvalid, "compression level {}: expected {} to {}", level, lowest, highest);
}

}  // namespace

struct Compressor::State {
  struct FreeZstd {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  Result<void> start_gzip(int level);
  Result<void> start_zstd(int level);
  Result<void> deflate(std::string_view bytes, bool is_last);
  Result<void> compress_zstd(std::string_view bytes, ZSTD_EndDirective mode);

  Output output;
  std::unique_ptr<isal_zstream> gzip;
  std::unique_ptr<std::uint8_t[]> level_buffer;
  std::unique_ptr<ZSTD_CCtx, FreeZstd> zstd;
  std::unique_ptr<char[]> space;
};

Result<void> Compressor::State::start_gzip(int wanted) {
  IK_LET(level, checked_level(wanted, kDefaultGzipLevel, 0, kMaxGzipLevel));
  const std::uint32_t buffer_bytes = kLevelBufferBytes[static_cast<size_t>(level)];
  gzip = std::make_unique<isal_zstream>();
  isal_deflate_init(gzip.get());
  gzip->gzip_flag = IGZIP_GZIP;
  gzip->level = static_cast<std::uint32_t>(level);
  if (buffer_bytes > 0) {
    level_buffer = std::make_unique_for_overwrite<std::uint8_t[]>(buffer_bytes);
    gzip->level_buf = level_buffer.get();
    gzip->level_buf_size = buffer_bytes;
  }
  return {};
}

Result<void> Compressor::State::start_zstd(int wanted) {
  IK_LET(level, checked_level(wanted, kDefaultZstdLevel, 1, kMaxZstdLevel));
  zstd.reset(ZSTD_createCCtx());
  if (zstd == nullptr) return make_error(ErrorKind::kUnavailable, "zstd: out of memory");
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_checksumFlag, 1);
  return {};
}

Result<void> Compressor::State::deflate(std::string_view bytes, bool is_last) {
  // The library does not write to its input; its type is just not const.
  gzip->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
  gzip->avail_in = static_cast<std::uint32_t>(bytes.size());
  gzip->end_of_stream = is_last ? 1 : 0;
  do {
    gzip->next_out = reinterpret_cast<std::uint8_t*>(space.get());
    gzip->avail_out = kOutputBytes;
    if (isal_deflate(gzip.get()) != COMP_OK) {
      return make_error(ErrorKind::kInternal, "gzip: the compressor failed");
    }
    const size_t size = kOutputBytes - gzip->avail_out;
    if (size > 0) IK_TRY(output({space.get(), size}));
  } while (gzip->avail_in > 0 || gzip->avail_out == 0 ||
           (is_last && gzip->internal_state.state != ZSTATE_END));
  return {};
}

Result<void> Compressor::State::compress_zstd(std::string_view bytes, ZSTD_EndDirective mode) {
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (true) {
    ZSTD_outBuffer out{space.get(), kOutputBytes, 0};
    const size_t left = ZSTD_compressStream2(zstd.get(), &out, &in, mode);
    if (ZSTD_isError(left) != 0) {
      return make_error(ErrorKind::kInternal, "zstd: {}", ZSTD_getErrorName(left));
    }
    if (out.pos > 0) IK_TRY(output({space.get(), out.pos}));
    const bool done = mode == ZSTD_e_end ? left == 0 : in.pos == in.size;
    if (done) return {};
  }
}

Result<Compressor> Compressor::create(Compression compression, int level, Output output) {
  auto state = std::make_unique<State>();
  state->output = std::move(output);
  state->space = std::make_unique_for_overwrite<char[]>(kOutputBytes);
  if (compression == Compression::kGzip) IK_TRY(state->start_gzip(level));
  if (compression == Compression::kZstd) IK_TRY(state->start_zstd(level));
  return Compressor(std::move(state));
}

Compressor::Compressor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;
Compressor::~Compressor() = default;

Result<void> Compressor::write(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (state_->gzip != nullptr) return state_->deflate(bytes, false);
  if (state_->zstd != nullptr) return state_->compress_zstd(bytes, ZSTD_e_continue);
  return state_->output(bytes);
}

Result<void> Compressor::finish() {
  if (state_->gzip != nullptr) return state_->deflate({}, true);
  if (state_->zstd != nullptr) return state_->compress_zstd({}, ZSTD_e_end);
  return {};
}

}  // namespace ikada
