/** The language of the screens: German first, switched at any time, remembered nowhere. */
import { createInstance, type i18n } from 'i18next';
import { type ComponentChildren, createContext } from 'preact';
import { useContext, useEffect, useMemo, useState } from 'preact/hooks';
import { de } from './de.ts';
import { en } from './en.ts';
import type { Language, Speech } from './speech.ts';

const Context = createContext<Speech | undefined>(undefined);

const instance: i18n = createInstance();
void instance.init({
  lng: 'de',
  fallbackLng: 'de',
  resources: { de: { translation: de }, en: { translation: en } },
  keySeparator: false,
  nsSeparator: false,
  // Preact escapes what it renders.
  interpolation: { escapeValue: false },
  initAsync: false,
});

/** Gives everything below the language; the document's `lang` follows. */
export function Speaking({ children }: { readonly children: ComponentChildren }) {
  const [language, setLanguage] = useState<Language>('de');
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speech = useMemo(() => speechIn(language, () => setLanguage(language === 'de' ? 'en' : 'de')), [language]);
  return <Context.Provider value={speech}>{children}</Context.Provider>;
}

/** The language in force. Throws outside of {@link Speaking}. */
export function useSpeech(): Speech {
  const speech = useContext(Context);
  if (!speech) throw new Error('texts: used outside of their provider');
  return speech;
}

/** Words and numbers of one language. */
function speechIn(language: Language, toggle: () => void): Speech {
  const locale = language === 'de' ? 'de-DE' : 'en-GB';
  const translate = instance.getFixedT(language);
  return {
    language,
    toggle,
    t: (name, values = {}) => translate(name, values),
    number: (value, decimals = 0) =>
      value.toLocaleString(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
    percent: (share) => share.toLocaleString(locale, { style: 'percent', maximumFractionDigits: 1 }),
    moment: (instant) => new Date(instant).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' }),
    day: (day) => new Date(`${day}T12:00:00Z`).toLocaleDateString(locale, { dateStyle: 'medium' }),
  };
}
