// An image as `inspect` describes it: docker's JSON, field by field.
//
// Source: Docker Engine API 1.43, ImageInspect.
#pragma once

#include "image/config.h"
#include "image/store.h"
#include "runtime/base/json.h"

namespace ikada {

Json describe_image(const StoredImage& image, const ImageConfig& config);

}  // namespace ikada
