/** Signs in with a key. One call shows whether it is accepted. A key that is not leaves its field. */
import { h, pageHeading } from "../base/dom.js";
import { announce, failureText } from "../parts/announce.js";
import { field } from "../parts/field.js";
import { CallError } from "../service/call.js";
import { checkKey } from "../service/ingests.js";
import { isKey, type Session } from "../service/session.js";
import { askTabs } from "../service/tabs.js";
import { t } from "../words/words.js";

interface SignIn {
  main: HTMLElement;
  /** Aborted when the page goes. */
  left: AbortSignal;
  /** Why the person has to sign in again. Empty: a first visit. */
  reason: string;
  onSignedIn: (session: Session) => void;
}

export function signInPage({ main, left, reason, onSignedIn }: SignIn): void {
  const input = h("input", {
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    maxlength: "256",
  });
  const keyField = field({
    id: "key",
    label: t("sign-in.key"),
    hint: t("sign-in.hint"),
    control: input,
  });
  const kinds = h(
    "fieldset",
    {},
    h("legend", {}, t("sign-in.kind")),
    kindOf("caller", t("sign-in.caller"), true),
    kindOf("operator", t("sign-in.operator"), false),
  );
  const button = h("button", { type: "submit", class: "primary" }, t("sign-in.go"));
  const otherTab = h("p", { class: "notice", hidden: true }, t("sign-in.other-tab"));
  const form = h(
    "form",
    { class: "card narrow", submit, novalidate: true },
    kinds,
    keyField.node,
    button,
  );
  main.append(
    pageHeading(t("sign-in.title")),
    ...(reason === "" ? [] : [h("p", { class: "problem", role: "alert" }, reason)]),
    otherTab,
    form,
  );

  // Not disabled meanwhile: a button that is disabled loses the focus.
  let isBusy = false;

  function submit(event: Event): void {
    event.preventDefault();
    const key = input.value.trim();
    const chosen = form.querySelector<HTMLInputElement>("input[name=kind]:checked");
    const kind = chosen?.value === "operator" ? "operator" : "caller";
    keyField.complain("");
    if (!isKey(key)) {
      keyField.complain(key === "" ? t("sign-in.empty") : t("sign-in.characters"));
      input.focus();
      return;
    }
    if (!isBusy) attempt({ kind, key }).catch(() => undefined);
  }

  async function attempt(session: Session): Promise<void> {
    isBusy = true;
    announce(t("sign-in.trying"));
    try {
      await checkKey(session);
      if (left.aborted) return;
      announce("");
      onSignedIn(session);
    } catch (thrown) {
      if (left.aborted) return;
      const { failure } = CallError.from(thrown);
      const text =
        failure === "key"
          ? t("sign-in.refused", { kind: t(`frame.${session.kind}`).toLowerCase() })
          : failureText(thrown);
      keyField.complain(text);
      announce(text);
      // A wrong key is typed again. After an outage the same key is sent again.
      if (failure === "key") input.value = "";
      input.focus();
    } finally {
      isBusy = false;
    }
  }

  left.addEventListener(
    "abort",
    askTabs(() => (otherTab.hidden = false)),
  );
}

function kindOf(kind: Session["kind"], text: string, isChosen: boolean): HTMLElement {
  const control = h("input", {
    type: "radio",
    name: "kind",
    value: kind,
    id: `kind-${kind}`,
    checked: isChosen,
  });
  return h("div", { class: "box" }, control, h("label", { for: `kind-${kind}` }, text));
}
