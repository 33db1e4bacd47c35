// SPDX-License-Identifier: Apache-2.0
/** The Helm chart, rendered by Helm itself and read as the Kubernetes types it claims to be. */
@NullMarked
package dev.maglatch.helm;

import org.jspecify.annotations.NullMarked;
