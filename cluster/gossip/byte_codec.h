// Numbers and texts as bytes on the wire: big-endian, texts with one byte of length in front.
//
// A reader is total: whatever the bytes are, it never reads outside them. After the first thing
// that does not fit, every further one is zero or empty, and failed() stays true, so that a caller
// decodes a whole structure and asks once.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ikada::gossip {

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  void u8(std::uint8_t value) { number(value, 1); }
  void u16(std::uint16_t value) { number(value, 2); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }

  void raw(std::string_view bytes) { out_.append(bytes); }

  template <size_t kSize>
  void raw(const std::array<std::uint8_t, kSize>& bytes) {
    out_.append(reinterpret_cast<const char*>(bytes.data()), kSize);
  }

  // At most 255 bytes; what is longer is cut, and callers have checked before.
  void text(std::string_view value) {
    value = value.substr(0, 255);
    u8(static_cast<std::uint8_t>(value.size()));
    raw(value);
  }

 private:
  void number(std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i > 0; --i) out_.push_back(static_cast<char>(value >> (8 * (i - 1))));
  }

  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }

  std::string_view raw(size_t size) {
    if (size > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  template <size_t kSize>
  void raw(std::array<std::uint8_t, kSize>& bytes) {
    const std::string_view found = raw(kSize);
    for (size_t i = 0; i < found.size(); ++i) bytes[i] = static_cast<std::uint8_t>(found[i]);
  }

  // Fails if it is longer than `max`.
  std::string_view text(size_t max) {
    const size_t size = u8();
    if (size > max) fail();
    return raw(size);
  }

  void fail() {
    failed_ = true;
    rest_ = {};
  }
  bool failed() const { return failed_; }
  bool at_end() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  std::uint64_t number(size_t bytes) {
    std::uint64_t value = 0;
    for (const char each : raw(bytes)) value = value << 8 | static_cast<std::uint8_t>(each);
    return value;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace ikada::gossip
