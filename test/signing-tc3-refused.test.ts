/** TC3-HMAC-SHA256: headers that say too little, too much or something else. */
import { createHmac } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import type { HttpMessage } from "../shared/signing/signed-request.js";
import { sha256Hex } from "../shared/signing/tc3-canonical.js";
import { readTc3, signTc3, tc3Keys, verifyTc3 } from "../shared/signing/tc3.js";
