// Passkeys in the browser: asks the authenticator and sends its answer with the form that is there.
// Without this script the form stays hidden, and people sign in with password and code.
"use strict";
{
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const form = document.getElementById("passkey");
  const fields = (values) => {
    for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  };

  const make = async (given) => {
    const made = await navigator.credentials.create({
      publicKey: {
        rp: { id: given.site, name: "Hale" },
        user: { id: bytes(given.handle), name: given.login, displayName: given.login },
        challenge: bytes(given.challenge),
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "required", userVerification: "required" },
        excludeCredentials: given.known.map((id) => ({ type: "public-key", id: bytes(id) })),
        attestation: "none",
      },
    });
    fields({
      id: text(made.rawId),
      client_data: text(made.response.clientDataJSON),
      attestation: text(made.response.attestationObject),
    });
  };

  const use = async (given) => {
    const found = await navigator.credentials.get({
      publicKey: {
        rpId: given.site,
        challenge: bytes(given.challenge),
        userVerification: "required",
      },
    });
    fields({
      id: text(found.rawId),
      client_data: text(found.response.clientDataJSON),
      auth_data: text(found.response.authenticatorData),
      signature: text(found.response.signature),
      handle: found.response.userHandle ? text(found.response.userHandle) : "",
    });
  };

  if (form && window.PublicKeyCredential) {
    const given = JSON.parse(form.dataset.passkey);
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const fault = form.querySelector(".fault");
      try {
        await (given.handle ? make : use)(given);
        form.submit();
      } catch (error) {
        fault.hidden = false;
      }
    });
  }
}
