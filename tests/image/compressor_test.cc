#include "image/compressor.h"

#include <string>

#include <doctest/doctest.h>

#include "image/decompressor.h"

namespace ikada {
namespace {

std::string make_text(size_t size) {
  std::string text;
  unsigned state = 7;
  while (text.size() < size) {
    state = state * 1103515245 + 12345;
    text += std::string((state >> 16) % 9, static_cast<char>('a' + (state >> 20) % 26));
  }
  text.resize(size);
  return text;
}

Result<std::string> compress(Compression compression,
                             int level,
                             std::string_view text,
                             size_t piece) {
  std::string packed;
  IK_LET(compressor,
         Compressor::create(compression, level, [&packed](std::string_view bytes) -> Result<void> {
           packed += bytes;
           return {};
         }));
  for (size_t i = 0; i < text.size(); i += piece) IK_TRY(compressor.write(text.substr(i, piece)));
  IK_TRY(compressor.finish());
  return packed;
}

Result<std::string> decompress(std::string_view packed) {
  Decompressor decompressor;
  std::string text;
  std::string space(size_t{64} << 10, '\0');
  while (true) {
    IK_LET(size, decompressor.decompress(packed, space));
    text.append(space, 0, size);
    if (size < space.size() && packed.empty()) break;
  }
  IK_TRY(decompressor.finish());
  return text;
}

}  // namespace

TEST_CASE("what is compressed comes back, in any pieces and at any level") {
  const std::string text = make_text(1'500'000);

  for (const Compression compression :
       {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    for (const int level : {kDefaultLevel, 1, 2, 3}) {
      for (const size_t piece : {size_t{777}, size_t{262144}, text.size()}) {
        const auto packed = compress(compression, level, text, piece);
        REQUIRE(packed.has_value());
        CHECK((compression == Compression::kNone || packed->size() < text.size() / 2));
        CHECK(decompress(*packed).value_or("") == text);
      }
    }
  }
}

TEST_CASE("nothing compresses to a whole stream") {
  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    const auto packed = compress(compression, kDefaultLevel, "", 1);
    REQUIRE(packed.has_value());
    CHECK_FALSE(packed->empty());
    CHECK(decompress(*packed).value_or("x").empty());
  }
}

TEST_CASE("the same bytes in the same pieces give the same output") {
  const std::string text = make_text(300'000);

  for (const Compression compression : {Compression::kGzip, Compression::kZstd}) {
    CHECK(compress(compression, 1, text, 4096).value_or("a") ==
          compress(compression, 1, text, 4096).value_or("b"));
  }
  // No time and no host in gzip's header.
  CHECK(compress(Compression::kGzip, 1, text, 4096)->substr(3, 6) ==
        std::string("\0\0\0\0\0\0", 6));
}

TEST_CASE("levels that do not exist are refused") {
  CHECK_FALSE(compress(Compression::kGzip, 9, "x", 1).has_value());
  CHECK_FALSE(compress(Compression::kZstd, 0, "x", 1).has_value());
}

}  // namespace ikada
