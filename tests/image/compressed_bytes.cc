#include "tests/image/compressed_bytes.h"

#include <cstdint>
#include <memory>

#include <doctest/doctest.h>
#include <isa-l/igzip_lib.h>
#include <zstd.h>

namespace ikada {

std::string gzip(std::string_view bytes) {
  std::string packed(bytes.size() + bytes.size() / 100 + 1024, '\0');
  auto stream = std::make_unique<isal_zstream>();
  isal_deflate_stateless_init(stream.get());
  stream->gzip_flag = IGZIP_GZIP;
  stream->end_of_stream = 1;
  stream->next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
  stream->avail_in = static_cast<std::uint32_t>(bytes.size());
  stream->next_out = reinterpret_cast<std::uint8_t*>(packed.data());
  stream->avail_out = static_cast<std::uint32_t>(packed.size());
  REQUIRE(isal_deflate_stateless(stream.get()) == COMP_OK);
  packed.resize(stream->total_out);
  return packed;
}

std::string zstd(std::string_view bytes) {
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                   ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  const size_t size =
      ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size());
  REQUIRE(ZSTD_isError(size) == 0);
  packed.resize(size);
  return packed;
}

std::string zstd_with_window(int log) {
  // RFC 8878, 3.1.1: magic, descriptor (no content size, no single segment), window descriptor
  // with its exponent in the upper five bits, then a last raw block of one byte.
  std::string frame("\x28\xb5\x2f\xfd\x00", 5);
  frame += static_cast<char>((log - 10) << 3);
  frame += std::string("\x09\x00\x00x", 4);
  return frame;
}

}  // namespace ikada
