#include "tests/image/tar_bytes.h"

#include <algorithm>
#include <cstring>

#include <fmt/core.h>

namespace ikada {
namespace {

constexpr size_t kBlock = 512;

void put(std::string& header, size_t offset, size_t width, std::string_view text) {
  std::memcpy(header.data() + offset, text.data(), std::min(width, text.size()));
}

void put_octal(std::string& header, size_t offset, size_t width, std::uint64_t value) {
  put(header, offset, width, fmt::format("{:0{}o}", value, width - 1));
}

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + kBlock - 1) / kBlock * kBlock);
  return bytes;
}

// "LENGTH KEY=VALUE\n" where LENGTH counts itself.
std::string pax_record(const std::string& key, const std::string& value) {
  const size_t rest = key.size() + value.size() + 3;
  size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) ++length;
  return fmt::format("{} {}={}\n", length, key, value);
}

}  // namespace

TarItem make_file(std::string_view name, std::string_view content) {
  return {.name = std::string(name), .content = std::string(content)};
}

TarItem make_directory(std::string_view name) {
  return {.name = std::string(name), .type = '5', .mode = 0755};
}

TarItem make_symlink(std::string_view name, std::string_view target) {
  return {.name = std::string(name), .type = '2', .link = std::string(target), .mode = 0777};
}

TarItem make_hard_link(std::string_view name, std::string_view target) {
  return {.name = std::string(name), .type = '1', .link = std::string(target)};
}

TarItem make_node(std::string_view name, char type, unsigned major, unsigned minor) {
  return {.name = std::string(name),
          .type = type,
          .mode = 0600,
          .device_major = major,
          .device_minor = minor};
}

std::string make_tar_item(const TarItem& item) {
  constexpr size_t kNameBytes = 100;
  std::map<std::string, std::string> pax = item.pax;
  if (item.name.size() > kNameBytes) pax.emplace("path", item.name);
  if (item.link.size() > kNameBytes) pax.emplace("linkpath", item.link);
  std::string bytes;
  if (!pax.empty()) {
    std::string records;
    for (const auto& [key, value] : pax) records += pax_record(key, value);
    bytes += make_tar_item({.name = "PaxHeaders/x", .type = 'x', .content = records});
  }
  std::string header(kBlock, '\0');
  put(header, 0, kNameBytes, item.name);
  put_octal(header, 100, 8, item.mode);
  put_octal(header, 108, 8, item.uid);
  put_octal(header, 116, 8, item.gid);
  put_octal(header, 124, 12, item.content.size());
  if (!item.size_field.empty()) put(header, 124, 12, item.size_field);
  put_octal(header, 136, 12, static_cast<std::uint64_t>(item.mtime));
  header[156] = item.type;
  put(header, 157, kNameBytes, item.link);
  put(header, 257, 8, std::string_view("ustar\00000", 8));
  put_octal(header, 329, 8, item.device_major);
  put_octal(header, 337, 8, item.device_minor);
  put(header, 345, 155, item.prefix);
  std::fill_n(header.begin() + 148, 8, ' ');
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, 148, 8, fmt::format("{:06o}", sum));
  header[154] = '\0';
  return bytes + header + padded(item.content);
}

std::string make_tar_of_bytes(const std::string& items) {
  return items + std::string(2 * kBlock, '\0');
}

std::string make_tar(const std::vector<TarItem>& items) {
  std::string bytes;
  for (const TarItem& item : items) bytes += make_tar_item(item);
  return make_tar_of_bytes(bytes);
}

}  // namespace ikada
