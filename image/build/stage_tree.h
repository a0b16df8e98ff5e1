// What a stage has become so far: its layers and its settings.
#pragma once

#include <string>
#include <vector>

#include "image/build/stage_plan.h"
#include "image/digest.h"
#include "image/layer_writer.h"

namespace ikada {

struct StageTree {
  std::vector<std::string> directories;  // Lowest first, ready for an overlay.
  std::vector<WrittenLayer> layers;      // Of the image, base's included.
  Digest key;                            // Of all that made the files.
  StageSettings settings;                // With the image's history so far.
};

// A layer of this build that is still where it was made.
struct NewLayer {
  std::string path;
  WrittenLayer layer;
  Digest key;
  std::string step;
  std::string created;
};

}  // namespace ikada
