import type { Template } from './template';

/** Where ten or more cannot be reached: on the home page or in major media for 90 days. 45 CFR 164.404(d)(2)(ii) */
export const substitute1: Template = {
  id: 'substitute-1',
  subject: 'Notice of a breach of health information',
  sections: [
    {
      paragraphs: [
        '{{organization_name}} is telling people about a problem with the privacy of health information. We wrote to everyone whose address we have. For some people we do not have a good address. This notice is for them.',
      ],
    },
    {
      heading: 'What happened',
      paragraphs: ['{{what_happened}}', 'This happened {{breach_dates}}. We found out on {{discovery_date}}.'],
    },
    { heading: 'What information was involved', paragraphs: ['{{information}}'] },
    { heading: 'What you can do', paragraphs: ['{{protect_yourself}}'] },
    { heading: 'What we are doing', paragraphs: ['{{investigation}}', '{{mitigation}}', '{{prevention}}'] },
    {
      heading: 'Was my information involved?',
      paragraphs: [
        'Call {{toll_free}}, free of charge. We will tell you whether your information was involved. The number is open for at least 90 days, until {{open_until}}.',
        '{{contact}}',
      ],
    },
  ],
};

/** What whoever answers the toll-free number says. */
export const tollFree1: Template = {
  id: 'toll-free-1',
  subject: 'What to say on the toll-free number',
  sections: [
    {
      paragraphs: [
        'Thank you for calling {{organization_name}} about the notice of {{notice_date}}. I can tell you whether your information was involved.',
        'To protect your privacy I first have to be sure who you are. Please tell me your full name, your date of birth and the address we would have for you.',
      ],
    },
    {
      heading: 'If their information was involved',
      paragraphs: [
        'Your information was involved. {{what_happened}}',
        'This is the information: {{information}}',
        '{{protect_yourself}}',
        'May I take your current address? We will send you the letter today.',
      ],
    },
    {
      heading: 'If it was not, or if they are not who they say',
      paragraphs: ['Your information was not involved in this. Tell nobody else whether a person is or was a patient.'],
    },
  ],
};

/** To prominent media outlets, where more than 500 residents of a State are affected. 45 CFR 164.406 */
export const media1: Template = {
  id: 'media-1',
  subject: 'For release: breach of health information at {{organization_name}}',
  sections: [
    {
      paragraphs: [
        '{{organization_name}} is telling {{residents}} residents of {{state}} about a breach of their health information.',
      ],
    },
    {
      heading: 'What happened',
      paragraphs: ['{{what_happened}}', 'This happened {{breach_dates}}. It was found out on {{discovery_date}}.'],
    },
    { heading: 'What information was involved', paragraphs: ['{{information}}'] },
    { heading: 'What people can do', paragraphs: ['{{protect_yourself}}'] },
    { heading: 'What is being done', paragraphs: ['{{investigation}}', '{{mitigation}}', '{{prevention}}'] },
    { heading: 'Contact', paragraphs: ['{{contact}}', '{{signatory}}, {{organization_name}}'] },
  ],
};

/** From a business associate to the covered entity. 45 CFR 164.410(c) */
export const associate1: Template = {
  id: 'associate-1',
  subject: 'Report of a breach of unsecured protected health information',
  sections: [
    {
      paragraphs: [
        'To the privacy officer: {{organization_name}}, your business associate, reports a breach under 45 CFR 164.410.',
        'It concerns {{individuals}} individual(s). They are named in the list that comes with this report.',
      ],
    },
    {
      heading: 'What happened',
      paragraphs: ['{{what_happened}}', 'This happened {{breach_dates}}. We found out on {{discovery_date}}.'],
    },
    { heading: 'What information was involved', paragraphs: ['{{information}}'] },
    { heading: 'What individuals can do', paragraphs: ['{{protect_yourself}}'] },
    { heading: 'What we are doing', paragraphs: ['{{investigation}}', '{{mitigation}}', '{{prevention}}'] },
    { heading: 'Contact', paragraphs: ['{{contact}}', '{{signatory}}, {{organization_name}}'] },
  ],
};
