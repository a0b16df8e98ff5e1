#include "image/layer_writer.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "image/image_writer.h"
#include "image/tree_attributes.h"
#include "runtime/base/atomic_file.h"
#include "runtime/sys/file.h"
#include "tests/image/unpack_fixture.h"

namespace ikada {
namespace {

// A store and, beside it, the upper directory of an overlay.
class Fixture {
 public:
  Fixture() {
    std::string pattern = "/tmp/ikada-layer-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    upper = directory_ + "/upper";
    REQUIRE(make_directories(upper + "/etc/new", 0755).has_value());
  }
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture() { static_cast<void>(remove_tree(directory_).has_value()); }

  ImageStore open() const {
    auto store = ImageStore::open(directory_ + "/root");
    REQUIRE(store.has_value());
    return std::move(store.value());
  }

  void write(const std::string& name, std::string_view text, mode_t mode = 0644) const {
    REQUIRE(write_file_atomically(upper + "/" + name, text, mode).has_value());
  }

  void set_xattr(const std::string& name, const char* key, std::string_view value) const {
    REQUIRE(::setxattr((upper + "/" + name).c_str(), key, value.data(), value.size(), 0) == 0);
  }

  // One of everything.
  void fill() const {
    write("etc/passwd", "root", 0600);
    write("etc/new/file", std::string(300'000, 'x'), 04755);
    REQUIRE(::chown((upper + "/etc/new/file").c_str(), 5, 6) == 0);
    REQUIRE(::chmod((upper + "/etc/new/file").c_str(), 04755) == 0);
    REQUIRE(::link((upper + "/etc/new/file").c_str(), (upper + "/etc/again").c_str()) == 0);
    REQUIRE(::symlink("../elsewhere", (upper + "/link").c_str()) == 0);
    REQUIRE(::mkfifo((upper + "/pipe").c_str(), 0600) == 0);
    REQUIRE(::mknod((upper + "/gone").c_str(), S_IFCHR, makedev(0, 0)) == 0);
    REQUIRE(::mknod((upper + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)) == 0);
    set_xattr("etc/new", "trusted.overlay.opaque", "y");
    set_xattr("etc/new", "trusted.overlay.origin", "abc");
    set_xattr("etc/passwd", "user.note", "kept");
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = upper + "/socket";
    std::copy(path.begin(), path.end(), address.sun_path);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    ::close(fd);
  }

  Result<WrittenLayer> write_layer(const ImageStore& store,
                                   const LayerOptions& options = {}) const {
    IK_LET(fd, open_file(upper, O_RDONLY | O_DIRECTORY));
    return write_tree_layer(store, fd.get(), options);
  }

  std::string upper;

 private:
  std::string directory_;
};

// Everything that matters of a tree, one line for a file.
std::string describe(const std::string& path, const std::string& shown = "") {
  Result<std::vector<std::string>> names = list_directory(path);
  REQUIRE(names.has_value());
  std::sort(names->begin(), names->end());
  std::string text;
  for (const std::string& name : *names) {
    const std::string full = path + "/" + name;
    struct stat status {};
    REQUIRE(::lstat(full.c_str(), &status) == 0);
    char xattrs[1024] = {};
    const ssize_t size = ::llistxattr(full.c_str(), xattrs, sizeof(xattrs));
    std::string list(xattrs, static_cast<size_t>(std::max<ssize_t>(size, 0)));
    std::replace(list.begin(), list.end(), '\0', ' ');
    text += fmt::format("{}/{} {:o} {}:{} {} {} {:x} {}.{} {}\n",
                        shown,
                        name,
                        status.st_mode,
                        status.st_uid,
                        status.st_gid,
                        S_ISDIR(status.st_mode) ? 0 : status.st_size,
                        S_ISDIR(status.st_mode) ? 0 : status.st_nlink,
                        status.st_rdev,
                        is_whiteout(status) ? 0 : status.st_mtim.tv_sec,
                        is_whiteout(status) ? 0 : status.st_mtim.tv_nsec,
                        list);
    if (S_ISDIR(status.st_mode)) text += describe(full, shown + "/" + name);
  }
  return text;
}

}  // namespace

TEST_CASE("a tree that is given away is what unpacking its blob gives") {
  if (!can_unpack()) return;
  const Fixture fixture;
  fixture.fill();
  const ImageStore store = fixture.open();
  for (const Compression compression :
       {Compression::kGzip, Compression::kZstd, Compression::kNone}) {
    const auto layer = fixture.write_layer(store, {.compression = compression});
    REQUIRE(layer.has_value());
    REQUIRE(place_layer_copy(store, *layer, {}).has_value());
  }
  const auto layer = fixture.write_layer(store);
  REQUIRE(layer.has_value());
  const std::string unpacked = describe(store.layer_path(layer->blob.digest));
  REQUIRE(remove_tree(store.layer_path(layer->blob.digest)).has_value());

  REQUIRE(place_layer_tree(store, *layer, fixture.upper, {}).has_value());

  CHECK(describe(store.layer_path(layer->blob.digest)) == unpacked);
  CHECK(unpacked.find("socket") == std::string::npos);
  CHECK(unpacked.find("/gone 20000 ") != std::string::npos);
  CHECK(unpacked.find("/etc/new/file 104755 5:6 300000 2 ") != std::string::npos);
  CHECK(unpacked.find("trusted.overlay.opaque") != std::string::npos);
  CHECK(unpacked.find("trusted.overlay.origin") == std::string::npos);
  CHECK(unpacked.find("user.note") != std::string::npos);
  CHECK(::access(fixture.upper.c_str(), F_OK) != 0);
  CHECK(list_directory(store.root() + "/images/partial")->empty());
  CHECK(list_directory(store.root() + "/layers/staging")->empty());
}

TEST_CASE("times after SOURCE_DATE_EPOCH are cut, and two trees made apart are one layer") {
  if (!can_unpack()) return;
  const LayerOptions options{.tar = {.latest_mtime_s = 1'000'000'000}};
  const Fixture first;
  const Fixture second;
  first.write("etc/b", "1");
  first.write("etc/a", "2");
  second.write("etc/a", "2");
  second.write("etc/b", "1");
  const ImageStore store = first.open();

  const auto one = first.write_layer(store, options);
  const auto two = second.write_layer(store, options);

  REQUIRE(one.has_value());
  REQUIRE(two.has_value());
  CHECK(one->diff_id == two->diff_id);
  CHECK(one->blob.digest == two->blob.digest);
}

TEST_CASE("what a layer cannot say is refused") {
  if (!can_unpack()) return;
  const Fixture fixture;
  const ImageStore store = fixture.open();

  fixture.write("etc/.wh.passwd", "");
  CHECK(fixture.write_layer(store).error().kind == ErrorKind::kInvalid);
  REQUIRE(::unlink((fixture.upper + "/etc/.wh.passwd").c_str()) == 0);
  CHECK(fixture.write_layer(store).has_value());
  fixture.set_xattr("etc/new", "trusted.overlay.redirect", "old");
  CHECK(fixture.write_layer(store).error().kind == ErrorKind::kInvalid);
  CHECK(list_directory(store.root() + "/images/partial")->empty());
}

TEST_CASE("a file with holes is written whole and not changed") {
  if (!can_unpack()) return;
  const Fixture fixture;
  const std::string path = fixture.upper + "/sparse";
  const auto fd = open_file(path, O_RDWR | O_CREAT, 0644);
  REQUIRE(fd.has_value());
  REQUIRE(::ftruncate(fd->get(), 3'000'000) == 0);
  REQUIRE(::pwrite(fd->get(), "middle", 6, 1'500'000) == 6);
  const ImageStore store = fixture.open();

  const auto layer = fixture.write_layer(store);

  REQUIRE(layer.has_value());
  REQUIRE(place_layer_copy(store, *layer, {}).has_value());
  CHECK(read_file(store.layer_path(layer->blob.digest) + "/sparse").value_or("") ==
        read_file(path).value_or("x"));
}

TEST_CASE("what was made of one blob is nothing to images that name another") {
  if (!can_unpack()) return;
  const Fixture fixture;
  fixture.fill();
  const ImageStore store = fixture.open();
  const auto first = fixture.write_layer(store, {.compression = Compression::kGzip});
  const auto second = fixture.write_layer(store, {.compression = Compression::kZstd});
  REQUIRE(first.has_value());
  REQUIRE(second.has_value());
  REQUIRE(first->diff_id == second->diff_id);

  // As if the first had taken its process over and lied about its diff-id.
  REQUIRE(place_layer_copy(store, *first, {}).has_value());
  const std::string honest = describe(store.layer_path(first->blob.digest));
  REQUIRE(write_file_atomically(store.layer_path(first->blob.digest) + "/evil", "", 0644));
  REQUIRE(place_layer_copy(store, *second, {}).has_value());

  CHECK(describe(store.layer_path(second->blob.digest)) == honest);
}

TEST_CASE("a layer that is there is refused under another diff-id") {
  if (!can_unpack()) return;
  const Fixture fixture;
  fixture.fill();
  const ImageStore store = fixture.open();
  auto layer = fixture.write_layer(store);
  REQUIRE(layer.has_value());
  REQUIRE(place_layer_copy(store, *layer, {}).has_value());
  const std::string honest = describe(store.layer_path(layer->blob.digest));

  layer->diff_id = Digest::of("another layer");
  const auto placed = place_layer_copy(store, *layer, {});

  REQUIRE_FALSE(placed.has_value());
  CHECK(placed.error().code == "DIGEST_MISMATCH");
  CHECK(describe(store.layer_path(layer->blob.digest)) == honest);
}

TEST_CASE("an image is listed with its layers, and one without a name keeps no second entry") {
  if (!can_unpack()) return;
  const Fixture fixture;
  fixture.fill();
  ImageStore store = fixture.open();
  const auto layer = fixture.write_layer(store);
  REQUIRE(layer.has_value());
  REQUIRE(place_layer_tree(store, *layer, fixture.upper, {}).has_value());
  ImageToWrite image{.config = {.architecture = "amd64", .os = "linux", .cmd = {"sh"}},
                     .names = {"docker.io/library/made:latest"}};
  add_layer(image, *layer, {.created_by = "test"});

  const auto written = write_image(store, image);
  image.names.clear();
  const auto again = write_image(store, image);

  REQUIRE(written.has_value());
  REQUIRE(again.has_value());
  CHECK(again->id == written->id);
  CHECK(store.list()->size() == 1);
  CHECK(store.find("made")->size_bytes == 300'004);
  CHECK(store.config(*written)->history.at(0).created_by == "test");
  const auto removed = store.untag(*parse_reference("made"));
  REQUIRE(removed.has_value());
  CHECK(removed->deleted.size() == 2);
  CHECK(store.list()->empty());
  CHECK(list_directory(store.root() + "/images/blobs/sha256")->empty());
}

}  // namespace ikada
