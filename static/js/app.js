/* Starts what every signed-in page has. The one shared module with a script tag of its own. */
import { startDialogs } from "./dialog.js";
import { csrf } from "./http.js";
import { startKeys } from "./keys.js";
import { watch } from "./live.js";
import { startNav } from "./nav.js";
import { startPalette } from "./palette.js";
import { startToasts } from "./toast.js";
import { startUploads } from "./upload.js";
import { startWipes } from "./wipe.js";

document.addEventListener("htmx:config:request", (event) => {
  const headers = event.detail?.ctx?.request?.headers;
  if (headers) headers["X-CSRFToken"] = csrf();
});

startKeys();
startDialogs();
startToasts();
startNav();
startPalette();
startUploads();
startWipes();
watch();
