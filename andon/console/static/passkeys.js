// Makes a passkey, or signs with one. The result goes into the form's own fields, and the form is sent.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
  const known = (ids) => ids.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));
  const patience = 300_000;

  const make = async (asked) => {
    const made = await navigator.credentials.create({
      publicKey: {
        challenge: bytes(asked.challenge),
        rp: { id: asked.rp, name: "Andon" },
        user: { id: bytes(asked.user), name: asked.person, displayName: asked.person },
        pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
        authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
        excludeCredentials: known(asked.known),
        attestation: "none",
        timeout: patience,
      },
    });
    return {
      client: text(made.response.clientDataJSON),
      authenticator: text(made.response.getAuthenticatorData()),
    };
  };

  const sign = async (asked) => {
    const made = await navigator.credentials.get({
      publicKey: {
        challenge: bytes(asked.challenge),
        rpId: asked.rp,
        allowCredentials: known(asked.known),
        userVerification: "required",
        timeout: patience,
      },
    });
    return {
      credential: text(made.rawId),
      client: text(made.response.clientDataJSON),
      authenticator: text(made.response.authenticatorData),
      signature: text(made.response.signature),
    };
  };

  const explained = (error) => {
    if (error.name === "InvalidStateError") return "This device has a passkey of yours already.";
    if (error.name === "NotAllowedError") return "It was cancelled, took too long, or no passkey was found. Try again.";
    if (error.name === "SecurityError") return "This page was not opened at the address that passkeys are made for.";
    return `The browser could not do it: ${error.message}`;
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const button = form.querySelector("button");
    const problem = form.querySelector("[role=alert]");
    const able = window.isSecureContext && "credentials" in navigator;
    button.disabled = !able;
    if (!able) {
      problem.textContent = "This browser can't use passkeys here.";
      problem.hidden = false;
      continue;
    }
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      problem.hidden = true;
      try {
        const made = await (form.dataset.passkey === "make" ? make(form.dataset) : sign(form.dataset));
        for (const [name, value] of Object.entries(made)) form.elements[name].value = value;
        form.submit();
      } catch (error) {
        problem.textContent = explained(error);
        problem.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
