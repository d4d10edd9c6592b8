"use strict";

const chooser = document.getElementById("version");
const documentLink = document.getElementById("document");

// Swagger UI gives these no name that a screen reader could say.
const NAMES = {
  ".body-param__text": "Request body",
  ".close-modal": "Close",
  ".copy-to-clipboard button": "Copy",
};

function addressOf(version) {
  return `/openapi/v${version}.json`;
}

function sendVersion(request) {
  const sent = Object.keys(request.headers ?? {}).some((name) => name.toLowerCase() === "x-api-version");
  if (!request.loadSpec && !sent) {
    request.headers = { ...request.headers, "X-API-VERSION": chooser.value };
  }
  return request;
}

function nameControls() {
  for (const [selector, name] of Object.entries(NAMES)) {
    for (const control of document.querySelectorAll(selector)) {
      control.setAttribute("aria-label", name);
    }
  }
}

function followColourScheme(scheme) {
  document.documentElement.classList.toggle("dark-mode", scheme.matches);
}

new MutationObserver(nameControls).observe(document.getElementById("reference"), { childList: true, subtree: true });

const asked = new URLSearchParams(location.search).get("version");
if ([...chooser.options].some((option) => option.value === asked)) {
  chooser.value = asked;
}
documentLink.href = addressOf(chooser.value);

const reference = SwaggerUIBundle({
  url: addressOf(chooser.value),
  dom_id: "#reference",
  deepLinking: true,
  syntaxHighlight: { theme: "tomorrow-night" },
  requestInterceptor: sendVersion,
});

chooser.addEventListener("change", () => {
  const address = addressOf(chooser.value);
  documentLink.href = address;
  history.replaceState(null, "", `?version=${chooser.value}${location.hash}`);
  reference.specActions.updateUrl(address);
  reference.specActions.download(address);
});

const dark = matchMedia("(prefers-color-scheme: dark)");
followColourScheme(dark);
dark.addEventListener("change", followColourScheme);
