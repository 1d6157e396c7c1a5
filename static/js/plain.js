/* Starts what a signed-out page has: messages, and forms that go out once. */
import { startDialogs } from "./dialog.js";
import { startToasts } from "./toast.js";

startDialogs();
startToasts();
